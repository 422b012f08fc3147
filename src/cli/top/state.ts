import type { EventJson } from "../terminal/event-json.ts";
import type { Summary } from "./summary.ts";

/** What is typed below the view. */
export interface Prompt {
  readonly kind: "filter" | "unlock";
  readonly text: string;
}

/** What the live view shows. */
export interface TopState {
  /** What is looked at. */
  readonly source: string;
  readonly summary: Summary | undefined;
  readonly isPaused: boolean;
  readonly showsHelp: boolean;
  /** Only events that have this text are shown. */
  readonly filter: string;
  readonly prompt: Prompt | undefined;
  /** What the last action led to, or why there is nothing new. */
  readonly notice: string;
}

/** What a key asks for beyond the view. */
export type TopAction =
  | { readonly kind: "quit" }
  | { readonly kind: "unlock"; readonly userId: string; readonly orgId: string }
  | undefined;

/** A key as it is pressed: a name, or the text that it types. */
export interface Key {
  readonly name?: string | undefined;
  readonly text?: string | undefined;
  readonly ctrl?: boolean;
}

/** The longest text that is typed: ids have no more. */
const maxText = 200;

/** What is shown before anything is known. */
export function initialState(source: string): TopState {
  return {
    source,
    summary: undefined,
    ...{ isPaused: false, showsHelp: false, filter: "", prompt: undefined },
    notice: "looking …",
  };
}

/** The events that are shown: those that fit the filter. */
export function shownEvents({
  summary,
  filter,
}: TopState): readonly EventJson[] {
  const wanted = filter.toLowerCase();
  return (summary?.events ?? []).filter((event) =>
    JSON.stringify(event).toLowerCase().includes(wanted),
  );
}

/** What a key does. */
export function press(
  state: TopState,
  key: Key,
): readonly [state: TopState, action: TopAction] {
  if (key.ctrl === true && key.name === "c") {
    return [state, { kind: "quit" }];
  }
  if (state.prompt !== undefined) {
    return type(state, state.prompt, key);
  }
  switch (key.text) {
    case "q":
      return [state, { kind: "quit" }];
    case "?":
    case "h":
      return [{ ...state, showsHelp: !state.showsHelp }, undefined];
    case "p":
    case " ":
      return [{ ...state, isPaused: !state.isPaused }, undefined];
    case "f":
    case "/": {
      const prompt = { kind: "filter", text: state.filter } as const;
      return [{ ...state, prompt }, undefined];
    }
    case "u": {
      const text = lastLocked(state)?.aggregate.id ?? "";
      return [{ ...state, prompt: { kind: "unlock", text } }, undefined];
    }
    default:
      return [
        key.name === "escape"
          ? { ...state, showsHelp: false, filter: "", notice: "" }
          : state,
        undefined,
      ];
  }
}

function type(
  state: TopState,
  prompt: Prompt,
  { name, text, ctrl }: Key,
): readonly [state: TopState, action: TopAction] {
  const closed = { ...state, prompt: undefined };
  switch (name) {
    case "escape":
      return [closed, undefined];
    case "backspace": {
      const shorter = Array.from(prompt.text).slice(0, -1).join("");
      return [{ ...state, prompt: { ...prompt, text: shorter } }, undefined];
    }
    case "return":
    case "enter":
      return prompt.kind === "filter"
        ? [{ ...closed, filter: prompt.text }, undefined]
        : [closed, unlock(state, prompt.text)];
    default: {
      const more = ctrl === true ? "" : (text ?? "").replace(/\p{Cc}/gu, "");
      const longer = (prompt.text + more).slice(0, maxText);
      return [{ ...state, prompt: { ...prompt, text: longer } }, undefined];
    }
  }
}

function unlock(state: TopState, userId: string): TopAction {
  if (userId === "") {
    return undefined;
  }
  const event = state.summary?.events.find(
    ({ aggregate }) => aggregate.type === "user" && aggregate.id === userId,
  );
  return { kind: "unlock", userId, orgId: event?.resourceOwner ?? "" };
}

/** The event of the user who was locked last. */
function lastLocked(state: TopState): EventJson | undefined {
  return shownEvents(state).find(({ type: name }) => name === "user.locked");
}
