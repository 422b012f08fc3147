import { hookFilter } from "../lockout/hook.ts";
import type { HookFilter } from "../lockout/hook.ts";
import type { RecordedEvent } from "../store/events.ts";
import type {
  HookProgress,
  HookRecord,
  HookRetry,
  HookStream,
  NewDelivery,
} from "../store/hooks.ts";

/** What is to be tried next. */
export type HookJob =
  | {
      readonly kind: "event";
      readonly key: string;
      readonly event: RecordedEvent;
    }
  /** The event, and whether it is still there, is to be read from the log. */
  | { readonly kind: "retry"; readonly key: string; readonly retry: HookRetry };

interface Waiting {
  retry: HookRetry;
  isRunning: boolean;
  /** The last position of its stream that was left to it. */
  left: number;
}

/** How many events of a hook are kept in memory, about: the log has the others. */
const maxEvents = 100;

/** How many streams of a hook wait for another try, about. Where more would, the hook waits as a whole. */
const maxRetries = 1000;

/** So many tries that are not written yet are kept, while the store cannot be used. */
const maxUnwritten = 1000;

/**
 * What is to be sent to one hook. Events of a stream are sent one after the other. Where one fails, the stream becomes a retry: it remembers the
 * position alone, and reads the log from there on, until it has caught up.
 */
export class HookQueue {
  readonly id: string;
  readonly owner: string | undefined;
  readonly since: number;
  #hook: HookRecord;
  #filter: HookFilter;
  /** All events up to here were taken, or are none of it. */
  seen: number;
  /** Whether it gets what is read for all hooks; else it is behind, and reads for itself. */
  isInStep = true;
  /** Whether it reads for itself now. */
  isReading = false;
  /** Not before this time, by `performance.now()`: the store could not be used. */
  pausedUntil = 0;
  running = 0;
  lastSuccess: number | undefined;
  readonly #streams = new Map<string, RecordedEvent[]>();
  #events = 0;
  /** The keys of streams whose next event may be sent. */
  readonly #ready = new Set<string>();
  readonly #retries = new Map<string, Waiting>();
  #isRetryTurn = false;
  readonly #changed = new Map<string, HookStream>();
  #unwritten: NewDelivery[] = [];
  #accepted: number | undefined;

  constructor(hook: HookRecord, retries: readonly HookRetry[]) {
    this.id = hook.id;
    this.owner = hook.owner;
    this.since = hook.since;
    this.seen = Math.max(hook.position, hook.since);
    this.lastSuccess = hook.lastSuccess;
    this.#hook = hook;
    this.#filter = hookFilter(hook);
    for (const retry of retries) {
      // At once: whoever has stopped before may have been away for long.
      this.#retries.set(keyOf(retry), {
        retry: { ...retry, nextTime: 0 },
        ...{ isRunning: false, left: 0 },
      });
    }
  }

  /** Which events it gets. */
  get filter(): HookFilter {
    return this.#filter;
  }

  /** The hook as the log has said last; the store may know of a later change. */
  get hook(): HookRecord {
    return this.#hook;
  }

  /** The hook was changed. */
  set hook(hook: HookRecord) {
    this.#hook = hook;
    this.#filter = hookFilter(hook);
  }

  /** Whether it takes no more events now. */
  get isFull(): boolean {
    return this.#events >= maxEvents || this.#retries.size >= maxRetries;
  }

  /** Whether events up to what was seen are still to be sent, or it is behind. */
  get isBehind(): boolean {
    return this.#events > 0 || !this.isInStep;
  }

  /** How many tries are not written yet. */
  get unwritten(): number {
    return this.#unwritten.length;
  }

  /** Takes the next event of the log. */
  offer(event: RecordedEvent): void {
    if (event.position <= this.seen) {
      return;
    }
    this.seen = event.position;
    if (!this.#filter.has(event)) {
      return;
    }
    const key = keyOf(event);
    const waiting = this.#retries.get(key);
    if (waiting !== undefined) {
      waiting.left = event.position;
      return;
    }
    this.#events += 1;
    const stream = this.#streams.get(key);
    if (stream === undefined) {
      this.#streams.set(key, [event]);
      this.#ready.add(key);
    } else {
      stream.push(event);
    }
  }

  /** What may be tried now: new events and retries by turns. @param now milliseconds since 1970 */
  next(now: number): HookJob | undefined {
    this.#isRetryTurn = !this.#isRetryTurn;
    return this.#isRetryTurn
      ? (this.#nextRetry(now) ?? this.#nextEvent())
      : (this.#nextEvent() ?? this.#nextRetry(now));
  }

  /** When the next retry is due, in milliseconds since 1970; Infinity where none is. */
  nextDue(): number {
    let due = Infinity;
    for (const { retry, isRunning } of this.#retries.values()) {
      if (!isRunning && retry.nextTime < due) {
        due = retry.nextTime;
      }
    }
    return due;
  }

  /** The event was accepted, or given up: the next one of its stream may be sent. */
  settle(job: HookJob, position: number): void {
    if (job.kind === "event") {
      this.#shift(job.key);
      return;
    }
    const waiting = this.#retries.get(job.key);
    if (waiting !== undefined) {
      waiting.retry = {
        ...waiting.retry,
        ...{ position: position + 1, attempts: 0, nextTime: 0 },
      };
      this.#free(job.key, waiting);
    }
  }

  /** The event failed: its stream waits. */
  fail(job: HookJob, retry: HookRetry): void {
    if (job.kind === "event") {
      // The log has these: they are read again when it is their turn.
      const rest = this.#streams.get(job.key) ?? [];
      this.#streams.delete(job.key);
      this.#events -= rest.length;
      const left = rest.at(-1)?.position ?? 0;
      const waiting = { retry, isRunning: false, left };
      this.#retries.set(job.key, waiting);
      this.#free(job.key, waiting);
      return;
    }
    const waiting = this.#retries.get(job.key);
    if (waiting !== undefined) {
      waiting.retry = retry;
      this.#free(job.key, waiting);
    }
  }

  /** There is no more event of the stream in the log, up to this position. */
  caughtUp(job: HookJob, upTo: number): void {
    const waiting = this.#retries.get(job.key);
    if (waiting === undefined) {
      return;
    }
    if (waiting.left > upTo) {
      this.#free(job.key, waiting);
      return;
    }
    this.#retries.delete(job.key);
    this.#changed.set(job.key, waiting.retry);
  }

  /** What was not begun may be tried again. */
  putBack(job: HookJob): void {
    if (job.kind === "event") {
      this.#ready.add(job.key);
      return;
    }
    const waiting = this.#retries.get(job.key);
    if (waiting !== undefined) {
      waiting.isRunning = false;
    }
  }

  /** Notes a try, to be written. */
  note(delivery: NewDelivery): void {
    if (this.#unwritten.length >= maxUnwritten) {
      this.#unwritten.shift();
    }
    this.#unwritten.push(delivery);
    if (delivery.outcome === "delivered") {
      this.#accepted = delivery.time;
      this.lastSuccess = delivery.time;
    }
  }

  /** Up to where events were taken. @param head how far is read for all hooks */
  taken(head: number): number {
    return this.isInStep ? Math.max(this.seen, head) : this.seen;
  }

  /** Up to where all events are done with, or wait. */
  cursor(head: number): number {
    let cursor = this.taken(head);
    for (const [first] of this.#streams.values()) {
      if (first !== undefined && first.position <= cursor) {
        cursor = first.position - 1;
      }
    }
    return cursor;
  }

  /** What is to be written, which counts as written from now on. */
  takeProgress(head: number, maxDeliveries: number): HookProgress {
    const changed = [...this.#changed];
    this.#changed.clear();
    const lastSuccess = this.#accepted;
    this.#accepted = undefined;
    return {
      ...{ hookId: this.id, since: this.since, lastSuccess },
      position: this.cursor(head),
      retries: changed.flatMap(([key]) => {
        const waiting = this.#retries.get(key);
        return waiting === undefined ? [] : [waiting.retry];
      }),
      done: changed.flatMap(([key, stream]) =>
        this.#retries.has(key) ? [] : [stream],
      ),
      deliveries: this.#unwritten.splice(0, maxDeliveries),
    };
  }

  /** It was not written after all. */
  restore({ retries, done, deliveries, lastSuccess }: HookProgress): void {
    for (const stream of [...retries, ...done]) {
      this.#changed.set(keyOf(stream), stream);
    }
    this.#unwritten = [...deliveries, ...this.#unwritten].slice(-maxUnwritten);
    this.#accepted ??= lastSuccess;
  }

  #nextEvent(): HookJob | undefined {
    for (const key of this.#ready) {
      const event = this.#streams.get(key)?.[0];
      this.#ready.delete(key);
      if (event !== undefined) {
        return { kind: "event", key, event };
      }
    }
    return undefined;
  }

  #nextRetry(now: number): HookJob | undefined {
    for (const [key, waiting] of this.#retries) {
      if (!waiting.isRunning && waiting.retry.nextTime <= now) {
        waiting.isRunning = true;
        return { kind: "retry", key, retry: waiting.retry };
      }
    }
    return undefined;
  }

  #shift(key: string): void {
    const stream = this.#streams.get(key);
    stream?.shift();
    this.#events -= 1;
    if (stream !== undefined && stream.length > 0) {
      this.#ready.add(key);
    } else {
      this.#streams.delete(key);
    }
  }

  /** Behind all others that are due. */
  #free(key: string, waiting: Waiting): void {
    waiting.isRunning = false;
    this.#changed.set(key, waiting.retry);
    this.#retries.delete(key);
    this.#retries.set(key, waiting);
  }
}

function keyOf(stream: HookStream): string {
  return `${stream.aggregateType}\n${stream.resourceOwner}\n${stream.aggregateId}`;
}
