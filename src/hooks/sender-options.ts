import type { EventStore } from "../store/events.ts";
import type { HookOwner, HookStore, NewDelivery } from "../store/hooks.ts";
import type { Clock } from "../store/ids.ts";
import type { Attempt } from "./attempt.ts";
import type { Pace } from "./pace.ts";

/** What sending works with. */
export interface SenderOptions {
  readonly store: HookStore &
    Pick<EventStore, "listEvents" | "lastPosition" | "onAppended"> & {
      readonly now: Clock;
    };
  /** The id of the installation. */
  readonly instanceId: string;
  readonly attempt: Attempt;
  readonly pace: Pace;
  /** How long each try waits after the one before, in milliseconds; the first is for the first try. */
  readonly schedule: readonly number[];
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Told of each try, once it is known how it ended. */
  readonly onDelivery?: (hook: TriedHook, delivery: NewDelivery) => void;
  readonly onError: (error: unknown) => void;
}

/** Whose hook was tried. */
export interface TriedHook {
  readonly id: string;
  readonly owner: HookOwner;
}
