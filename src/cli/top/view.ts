import { printable } from "../../telemetry/printable.ts";
import type { EventJson } from "../terminal/event-json.ts";
import { shownEvents } from "./state.ts";
import type { TopState } from "./state.ts";
import type { Summary } from "./summary.ts";

const help = [
  "p, space   pause, and go on",
  "f, /       show only the events that have a text",
  "u          unlock a user: the id of the last who was locked is there",
  "Escape     end what is typed, and the filter",
  "?, h       this help",
  "q, Ctrl+C  end",
];

/** The lines of the view: no more, and none wider, than the terminal has. */
export function viewLines(
  state: TopState,
  width: number,
  height: number,
): readonly string[] {
  const body = state.showsHelp ? help : bodyLines(state, height - 3);
  const lines = [
    headline(state, width),
    "",
    ...body.slice(0, Math.max(height - 3, 0)),
  ];
  while (lines.length < height - 1) {
    lines.push("");
  }
  lines.push(bottomLine(state));
  return lines.slice(0, height).map((line) => cut(printable(line), width));
}

function headline(
  { source, summary, isPaused, filter }: TopState,
  width: number,
): string {
  const time = summary?.time.slice(11, 19) ?? "";
  const marks = [
    ...(isPaused ? ["paused"] : []),
    ...(filter === "" ? [] : [`filter: ${filter}`]),
    ...(time === "" ? [] : [`${time} UTC`]),
  ].join("  ");
  const room = Math.max(width - columnsOf(marks) - 2, 0);
  const left = cut(printable(`lockoutd top  ${source}`), room);
  const gap = Math.max(width - columnsOf(left) - columnsOf(marks), 2);
  return `${left}${" ".repeat(gap)}${marks}`;
}

function bottomLine({ prompt, notice }: TopState): string {
  switch (prompt?.kind) {
    case "filter":
      return `Show events with: ${prompt.text}_`;
    case "unlock":
      return `Unlock the user with the id: ${prompt.text}_   (Enter unlocks, Escape does not)`;
    case undefined:
      return notice === ""
        ? "?: help  p: pause  f: filter  u: unlock  q: end"
        : notice;
  }
}

function bodyLines(state: TopState, height: number): readonly string[] {
  const { summary } = state;
  if (summary === undefined) {
    return [];
  }
  const figures = figureLines(summary);
  // The calls have a third of the rest, and the events what they leave.
  const rest = height - figures.length - 4;
  const calls = summary.slowestCalls
    .slice(0, Math.max(Math.floor(rest / 3), 1))
    .map(
      ({ method, p99Seconds }) =>
        `  ${milliseconds(p99Seconds).padStart(10)}  ${method}`,
    );
  const shown = shownEvents(state).slice(0, Math.max(rest - calls.length, 1));
  const typeWidth = Math.max(0, ...shown.map(({ type }) => type.length));
  const events = shown.map((event) => eventLine(event, typeWidth));
  return [
    ...[...figures, ""],
    ...["Slowest calls (99 of 100 take less)"],
    ...(calls.length === 0 ? ["  none"] : calls),
    ...["", "Last events"],
    ...(events.length === 0 ? ["  none"] : events),
  ];
}

function figureLines(summary: Summary): readonly string[] {
  const { attemptsPerSecond, locksPerSecond, lockedUsers, batchSize } = summary;
  const pairs = (values: Readonly<Record<string, number>>, digits: number) =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${value.toFixed(digits)}`)
      .join("  ");
  return [
    `Attempts/s    ${pairs(attemptsPerSecond, 1)}`,
    `Locks/s       ${locksPerSecond.toFixed(1)}`,
    `Locked users  ${pairs(lockedUsers, 0)}`,
    `Batch size    ${batchSize.toFixed(1)}`,
  ];
}

function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(1)} ms`;
}

function eventLine(event: EventJson, typeWidth: number): string {
  const { creationDate, type, aggregate, payload } = event;
  const about = aggregate.type === "user" ? aggregate.id : aggregate.type;
  const more = payload === null ? "" : JSON.stringify(payload);
  return `  ${creationDate.slice(11, 19)}  ${type.padEnd(typeWidth)}  ${about}  ${more}`;
}

/** How many columns a text takes, at most: what is not ASCII may take two. */
function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) {
    columns += character > "~" ? 2 : 1;
  }
  return columns;
}

/** Cuts a line where the terminal ends, so that it does not go on in the next. */
function cut(text: string, width: number): string {
  if (columnsOf(text) <= width) {
    return text;
  }
  let columns = 0;
  let kept = "";
  for (const character of text) {
    columns += character > "~" ? 2 : 1;
    // An ellipsis may take two.
    if (columns > width - 2) {
      break;
    }
    kept += character;
  }
  return `${kept}…`;
}
