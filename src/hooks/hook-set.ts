import type { EventType } from "../lockout/events/event.ts";
import { hookEventTypes } from "../lockout/hook.ts";
import type { RecordedEvent } from "../store/events.ts";
import type { HookQueue } from "./hook-queue.ts";
import type { Pace } from "./pace.ts";

/**
 * How many requests run at once: to a hook, for the hooks of an organisation, and for all of these. Above `shared` an organisation has one at once,
 * and so has a hook of the instance: receivers of some that hang leave places to all others.
 */
const maxRunning = { hook: 4, org: 16, all: 1000, shared: 500 } as const;

/** The hooks that get events, by whose events they get. */
export class HookSet {
  readonly #byId = new Map<string, HookQueue>();
  readonly #byOwner = new Map<string | undefined, Set<HookQueue>>();
  readonly #runningOf = new Map<string, number>();
  #running = 0;
  /** Those that were refused since so many run for all, or one has just begun, by who shares their turn, in the order of the turns. */
  readonly #waiting = new Map<string, Set<HookQueue>>();
  /** Undefined until it is asked for; null for all. */
  #types: readonly EventType[] | null | undefined;
  readonly #pace: Pick<Pace, "waitMs">;

  constructor(pace: Pick<Pace, "waitMs">) {
    this.#pace = pace;
  }

  find(hookId: string): HookQueue | undefined {
    return this.#byId.get(hookId);
  }

  add(queue: HookQueue): void {
    this.remove(queue.id);
    this.#byId.set(queue.id, queue);
    const owned = this.#byOwner.get(queue.owner) ?? new Set();
    this.#byOwner.set(queue.owner, owned.add(queue));
    this.#types = undefined;
  }

  remove(hookId: string): void {
    const queue = this.#byId.get(hookId);
    if (queue === undefined) {
      return;
    }
    this.#byId.delete(hookId);
    this.#stopWaiting(queue);
    const owned = this.#byOwner.get(queue.owner);
    owned?.delete(queue);
    if (owned?.size === 0) {
      this.#byOwner.delete(queue.owner);
    }
    this.#types = undefined;
  }

  all(): Iterable<HookQueue> {
    return this.#byId.values();
  }

  /** The types of a hook may be others now. */
  filtersChanged(): void {
    this.#types = undefined;
  }

  /** The types that some hook may get, and those that tell of hooks; undefined for all there are. */
  wantedTypes(): readonly EventType[] | undefined {
    if (this.#types === undefined) {
      const types = new Set(hookEventTypes);
      this.#types = [];
      for (const { filter } of this.#byId.values()) {
        if (filter.types === undefined) {
          this.#types = null;
          break;
        }
        for (const type of filter.types) {
          types.add(type);
        }
      }
      this.#types &&= [...types];
    }
    return this.#types ?? undefined;
  }

  /** The hooks that an event concerns, as far as that is known without their filters. */
  *concernedBy({
    aggregateType,
    resourceOwner,
  }: RecordedEvent): Generator<HookQueue> {
    yield* this.#byOwner.get(undefined) ?? [];
    if (aggregateType !== "instance") {
      yield* this.ownedBy(resourceOwner);
    }
  }

  /** The hooks of an organisation. */
  ownedBy(orgId: string): Iterable<HookQueue> {
    return this.#byOwner.get(orgId) ?? [];
  }

  /** The hooks that share what an organisation may have at once; of the instance each has its own. */
  sharing(queue: HookQueue): Iterable<HookQueue> {
    return queue.owner === undefined ? [queue] : [...this.ownedBy(queue.owner)];
  }

  /** Counts one more request to the hook, where there may be one. A slow hook leaves one to each other hook of its organisation. */
  enter(queue: HookQueue): boolean {
    if (queue.running >= maxRunning.hook) {
      return false;
    }
    if (!this.#hasRoom()) {
      const key = turnOf(queue);
      const waiting = this.#waiting.get(key) ?? new Set();
      this.#waiting.set(key, waiting.add(queue));
      return false;
    }
    const running = this.#runningFor(queue);
    const isBusy = this.#running >= maxRunning.shared;
    if (isBusy && running > 0) {
      return false;
    }
    if (queue.owner !== undefined) {
      const idle =
        queue.running === 0
          ? 0
          : [...this.sharing(queue)].filter((other) => other.running === 0)
              .length;
      if (running + idle >= maxRunning.org) {
        return false;
      }
      this.#runningOf.set(queue.owner, running + 1);
    }
    queue.running += 1;
    this.#running += 1;
    return true;
  }

  #hasRoom(): boolean {
    return this.#running < maxRunning.all && this.#pace.waitMs() === 0;
  }

  /** How long until the first that waits may begin, in milliseconds; undefined where none waits, or where one has to end before. */
  waitMs(): number | undefined {
    return this.#waiting.size === 0 || this.#running >= maxRunning.all
      ? undefined
      : this.#pace.waitMs();
  }

  #runningFor({ owner, running }: HookQueue): number {
    return owner === undefined ? running : (this.#runningOf.get(owner) ?? 0);
  }

  #stopWaiting(queue: HookQueue): void {
    const key = turnOf(queue);
    const waiting = this.#waiting.get(key);
    waiting?.delete(queue);
    if (waiting?.size === 0) {
      this.#waiting.delete(key);
    }
  }

  /** Those that have waited for room among all, each once, and as long as there is some: one of each organisation after the other. */
  *waiting(): Generator<HookQueue> {
    for (const [key, queues] of this.#waiting) {
      if (!this.#hasRoom()) {
        return;
      }
      // The others behind all else that waits.
      this.#waiting.delete(key);
      for (const queue of queues) {
        queues.delete(queue);
        if (queues.size > 0) {
          this.#waiting.set(key, queues);
        }
        yield queue;
        break;
      }
    }
  }

  /** Ends what {@link enter} began. */
  leave(queue: HookQueue): void {
    queue.running -= 1;
    this.#running -= 1;
    if (queue.owner === undefined) {
      return;
    }
    const left = (this.#runningOf.get(queue.owner) ?? 1) - 1;
    if (left > 0) {
      this.#runningOf.set(queue.owner, left);
    } else {
      this.#runningOf.delete(queue.owner);
    }
  }
}

/** Who shares a turn: the hooks of an organisation, and of the instance each has its own. */
function turnOf({ id, owner }: HookQueue): string {
  return owner === undefined ? `hook ${id}` : `organization ${owner}`;
}
