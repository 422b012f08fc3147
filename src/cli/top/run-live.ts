import { setTimeout as delay } from "node:timers/promises";
import type { Clients } from "../transport/clients.ts";
import { followEvents } from "../calls/events-follow.ts";
import { eventJson } from "../terminal/event-json.ts";
import type { EventJson } from "../terminal/event-json.ts";
import { describeFailure } from "../terminal/failure.ts";
import { nextStopSignal } from "../terminal/stop-signal.ts";
import { openScreen } from "./screen.ts";
import { initialState, press } from "./state.ts";
import type { Key, TopAction } from "./state.ts";
import { summarize } from "./summary.ts";
import type { Look } from "./summary.ts";
import { viewLines } from "./view.ts";

/** What the live view looks at. */
export interface LiveOptions {
  /** What it is called. */
  readonly source: string;
  readonly look: () => Promise<Look>;
  readonly clients: Clients;
  /** Between two looks, in milliseconds. */
  readonly everyMs: number;
}

/** So many events are kept for the filter. */
export const keptEvents = 200;

/** Shows the live view until somebody ends it. */
export async function runLive({
  source,
  look,
  clients,
  everyMs,
}: LiveOptions): Promise<void> {
  const stopped = new AbortController();
  const { signal } = stopped;
  void nextStopSignal().then(() => {
    stopped.abort();
  });
  let state = initialState(source);
  let events: readonly EventJson[] = [];
  const draw = () => {
    screen.draw(viewLines(state, screen.width(), screen.height()));
  };
  const show = (change: Partial<typeof state>) => {
    state = { ...state, ...change };
    draw();
  };
  const act = async (action: TopAction) => {
    if (action?.kind === "quit") {
      stopped.abort();
    } else if (action?.kind === "unlock") {
      const { userId, orgId } = action;
      const on = clients.on(orgId === "" ? undefined : orgId);
      const subject = { case: "userId", value: userId } as const;
      try {
        await clients.attempts.unlock({ subject }, on);
        show({ notice: `${userId} is unlocked` });
      } catch (error) {
        show({ notice: `${userId}: ${describeFailure(error)}` });
      }
    }
  };
  const onKey = (key: Key) => {
    const [next, action] = press(state, key);
    show(next);
    void act(action);
  };
  const screen = openScreen(onKey, draw);
  draw();

  const add = (found: readonly EventJson[]) => {
    events = [...found, ...events].slice(0, keptEvents);
  };
  const follow = async () => {
    try {
      add(await lastEvents(clients, keptEvents));
      await followEvents(
        ...([clients, {}, undefined] as const),
        (found) => {
          add(found.map(eventJson).reverse());
        },
        signal,
      );
    } catch (error) {
      show({ notice: `no events: ${describeFailure(error)}` });
    }
  };
  const measure = async () => {
    let last: Look | undefined;
    while (!signal.aborted) {
      try {
        const now = await look();
        if (last !== undefined && !state.isPaused) {
          const summary = summarize(last, now, events);
          // Other notices stay until there is another one.
          const notice = state.notice === "looking …" ? "" : state.notice;
          show({ summary, notice });
        }
        last = now;
      } catch (error) {
        show({ notice: describeFailure(error) });
      }
      await delay(everyMs, undefined, { signal }).catch(() => undefined);
    }
  };
  try {
    await Promise.all([follow(), measure()]);
  } finally {
    screen.close();
  }
}

/** The last events, the newest first. */
export async function lastEvents(
  { admin }: Pick<Clients, "admin">,
  limit: number,
): Promise<readonly EventJson[]> {
  const { events } = await admin.listEvents({ limit });
  return events.map(eventJson);
}
