import { createIds } from "../../../src/store/ids.ts";
import type { NewId } from "../../../src/store/ids.ts";
import type { Clock } from "../../../src/store/ids.ts";
import type { EventFilter, RecordedEvent } from "../../../src/store/events.ts";
import type { Store } from "../../../src/store/store.ts";
import type { AttemptStore, UserStore } from "../../../src/store/users.ts";
import { allEvents, maxNames, maxUsersPerOrg, start } from "./samples.ts";

/** All parts of the port. */
export type WholeStore = Store & UserStore & AttemptStore;

/** Where stores of one engine live for one test. All that it opens work on the same data. */
export interface StoreHarness {
  /** `server` is alone in its kind; `tool` works beside it, as another process does. */
  open(
    role: "server" | "tool",
    context: {
      readonly now: Clock;
      readonly newId: NewId;
      /** How many login names that lead to nobody are kept. */
      readonly maxNames: number;
      /** How many users an organisation may have. */
      readonly maxUsersPerOrg: number;
      readonly onClockBehind: (behindMs: number) => void;
    },
  ): Promise<WholeStore>;
  /** Removes the data. Stores are closed before. */
  destroy(): Promise<void>;
}

/** What the tests of the suite share: a store with nothing in it for each test, and its clock. */
export class StoreBed {
  readonly #createHarness: () => Promise<StoreHarness>;
  #harness: StoreHarness | undefined;
  #opened: WholeStore[] = [];
  #store: WholeStore | undefined;
  /** The time, in milliseconds since 1970 UTC. */
  time = start;
  readonly now: Clock = () => this.time;
  /** By how many milliseconds the stores were told that the clock is behind. */
  behind: number[] = [];

  constructor(createHarness: () => Promise<StoreHarness>) {
    this.#createHarness = createHarness;
  }

  /** Before each test. */
  async setUp(): Promise<void> {
    this.time = start;
    this.behind = [];
    this.#harness = await this.#createHarness();
    this.#store = await this.open("server");
  }

  /** After each test. */
  async tearDown(): Promise<void> {
    for (const store of this.#opened.splice(0)) {
      await store.close();
    }
    await this.#harness?.destroy();
  }

  get store(): WholeStore {
    if (this.#store === undefined) {
      throw new Error("the bed is not set up");
    }
    return this.#store;
  }

  /** Another store on the same data. */
  async open(
    role: "server" | "tool",
    newId: NewId = createIds(this.now, this.#opened.length),
  ): Promise<WholeStore> {
    if (this.#harness === undefined) {
      throw new Error("the bed is not set up");
    }
    const store = await this.#harness.open(role, {
      now: this.now,
      newId,
      maxNames,
      maxUsersPerOrg,
      onClockBehind: (behindMs) => {
        this.behind.push(behindMs);
      },
    });
    this.#opened.push(store);
    return store;
  }

  /** Closes the store and opens it again. */
  async reopen(): Promise<void> {
    await this.store.close();
    this.#store = await this.open("server");
  }

  /** The events that fit, oldest first unless the filter says otherwise. */
  events(filter: Partial<EventFilter> = {}): Promise<readonly RecordedEvent[]> {
    return this.store.listEvents({ ...allEvents, ...filter });
  }
}
