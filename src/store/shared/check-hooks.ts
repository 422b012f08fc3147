import type {
  AggregateType,
  EventPayload,
} from "../../lockout/events/event.ts";
import { hookPayload } from "../../lockout/hook.ts";
import type { DisableReason, HookPreset } from "../../lockout/hook.ts";
import type { Problems } from "./problems.ts";

/** What of a hook is checked. */
export interface CheckedHook {
  readonly id: string;
  readonly org_id: string;
  readonly url: string;
  readonly event_types: string;
  readonly presets: string;
  readonly disable_reason: DisableReason | null;
}

interface Expected {
  payload: string;
  isEnabled: boolean;
}

/** Compares hooks with the result of their events. */
export class HookCheck {
  readonly #problems: Problems;
  /** What is to be there, by owner and id. */
  readonly #expected = new Map<string, Expected>();

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** Takes the next event of anything. */
  add(
    kind: AggregateType,
    owner: string,
    type: string,
    payload: EventPayload,
  ): void {
    const [, change] = /^(?:instance|org)\.hook\.(.+)$/.exec(type) ?? [];
    const id = payload["hookId"];
    if (change === undefined || typeof id !== "string") {
      return;
    }
    const key = keyOf(kind === "org" ? owner : "", id);
    const known = this.#expected.get(key);
    switch (change) {
      case "added":
        this.#expected.set(key, { payload: textOf(payload), isEnabled: true });
        break;
      case "removed":
        this.#expected.delete(key);
        break;
      case "changed":
        if (known !== undefined) {
          known.payload = textOf(payload);
        }
        break;
      case "enabled":
      case "disabled":
        if (known !== undefined) {
          known.isEnabled = change === "enabled";
        }
        break;
    }
  }

  /** Takes the removal of an organisation: its hooks are gone. */
  removeOrg(orgId: string): void {
    for (const key of this.#expected.keys()) {
      if (key.startsWith(keyOf(orgId, ""))) {
        this.#expected.delete(key);
      }
    }
  }

  /** Compares, once all events were taken. */
  check(hooks: readonly CheckedHook[]): void {
    for (const row of hooks) {
      const what = `hook ${row.id}`;
      const key = keyOf(row.org_id, row.id);
      const expected = this.#expected.get(key);
      this.#expected.delete(key);
      if (expected === undefined) {
        this.#problems.report(
          `${what} is there, but no event says that there is one`,
        );
        continue;
      }
      const found = textOf(
        hookPayload(row.id, {
          url: row.url,
          eventTypes: JSON.parse(row.event_types) as readonly string[],
          presets: JSON.parse(row.presets) as readonly HookPreset[],
        }),
      );
      if (found !== expected.payload) {
        this.#problems.report(
          `${what} is ${found}, but its events come to ${expected.payload}`,
        );
      }
      // A copy disables hooks without an event.
      const { disable_reason: reason } = row;
      const isRight = expected.isEnabled
        ? reason === null || reason === "administrator"
        : reason !== null;
      if (!isRight) {
        this.#problems.report(
          `${what} is ${reason === null ? "enabled" : "disabled"}, but its events say that it is not`,
        );
      }
    }
    for (const key of this.#expected.keys()) {
      this.#problems.report(
        `hook ${key.split("\n")[1] ?? ""} is missing: the events say that there is one`,
      );
    }
  }
}

function keyOf(owner: string, id: string): string {
  return `${owner}\n${id}`;
}

function textOf(payload: EventPayload): string {
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(payload).sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  );
}
