import { EditorNames } from "../../src/api/messages/editor-names.ts";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createEventFeed } from "../../src/api/events/event-feed.ts";
import type { EventFeed } from "../../src/api/events/event-feed.ts";
import { watchEvents } from "../../src/api/events/watch-events.ts";
import {
  createDefaultPolicy,
  updateDefaultPolicy,
} from "../../src/lockout/policy/policy.ts";
import { openStore } from "../../src/store/open.ts";
import type { EventStore } from "../../src/store/events.ts";
import type { Store } from "../../src/store/store.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";

let dir: TempDir;
let store: Store;
let counted: EventStore;
let reads: number;
let feed: EventFeed;
let ending: AbortController;

beforeEach(async () => {
  dir = await makeTempDir();
  store = await openStore(`sqlite:${dir.file("watch.db")}`, {
    exclusive: true,
  });
  await store.initialise({
    orgName: "a",
    policy: createDefaultPolicy({ maxPasswordAttempts: 1, maxOtpAttempts: 1 }),
    token: {
      hash: new Uint8Array(32),
      name: "",
      roles: [],
      expirationDate: undefined,
    },
  });
  reads = 0;
  counted = {
    ...store,
    listEvents: (filter) => {
      reads += 1;
      return store.listEvents(filter);
    },
  };
  feed = createEventFeed(counted);
  ending = new AbortController();
});

afterEach(async () => {
  ending.abort();
  await store.close();
  await dir.remove();
});

let limit = 1;
const append = (count: number) =>
  Promise.all(
    Array.from({ length: count }, () => {
      limit += 1;
      return store.changePolicy(
        { kind: "instance" },
        "editor",
        updateDefaultPolicy({ maxPasswordAttempts: limit, maxOtpAttempts: 1 }),
      );
    }),
  );

/** A watcher, once it misses nothing from now on. */
async function watch(
  eventTypes: readonly string[] = [],
  after = "",
): Promise<{ take: (count: number) => Promise<string[]> }> {
  const started = Promise.withResolvers<undefined>();
  const stream = watchEvents(
    counted,
    feed,
    {
      after,
      scope: {
        types: eventTypes.length === 0 ? undefined : new Set(eventTypes),
        orgId: undefined,
      },
    },
    ending.signal,
    {
      editorNames: new EditorNames({ tokenName: async () => undefined }),
      onStart: () => {
        started.resolve(undefined);
      },
      checkToken: () => undefined,
      draining: undefined,
    },
  );
  let next = stream.next();
  // It is told of by who takes.
  next.catch(() => undefined);
  await started.promise;
  return {
    take: async (count) => {
      const positions: string[] = [];
      while (positions.length < count) {
        const result = await next;
        positions.push(
          result.done === true ? "" : (result.value.position ?? ""),
        );
        next = stream.next();
        next.catch(() => undefined);
      }
      return positions;
    },
  };
}

const changed = "instance.policy.lockout.changed";

it("an append costs one read, however many watch", async () => {
  const watchers = await Promise.all(
    Array.from({ length: 20 }, () => watch([changed, "no.such.type"])),
  );
  for (let round = 0; round < 10; round += 1) {
    await append(1);
    await Promise.all(watchers.map(({ take }) => take(1)));
  }
  // Each has looked once or twice by itself when it began, and the feed twice.
  expect(reads).toBeLessThanOrEqual(2 * 20 + 2 + 2 * 10);
});

it("types that no event has are not read for", async () => {
  await watch(["no.such.type"]);
  const other = await watch();
  // By then both have looked by themselves, as they do when they begin.
  await append(1);
  await other.take(1);
  reads = 0;
  await append(1);
  await other.take(1);
  expect(reads).toBeLessThanOrEqual(2);
});

it("who is further behind than the feed reaches misses nothing", async () => {
  const slow = await watch();
  const quick = await watch();
  await append(1200);
  const seen = await quick.take(1200);
  expect(await slow.take(1200)).toEqual(seen);
  expect(new Set(seen).size).toBe(1200);
});

it("who begins while events are written gets each of them once", async () => {
  const first = await watch();
  const start = String(await store.lastPosition());
  const writing = (async () => {
    for (let round = 0; round < 50; round += 1) {
      await append(10);
    }
  })();
  const late = [];
  for (let round = 0; round < 10; round += 1) {
    late.push(await watch([], start));
  }
  await writing;
  const all = await first.take(500);
  for (const { take } of late) {
    expect(await take(500)).toEqual(all);
  }
});

it("a store that cannot be read ends the watch with its error, and no other", async () => {
  const watcher = await watch();
  const broken = Promise.reject(new Error("the disk is gone"));
  broken.catch(() => undefined);
  const read = counted.listEvents.bind(counted);
  Object.assign(counted, { listEvents: () => broken });
  await append(1);
  await expect(watcher.take(1)).rejects.toThrow("the disk is gone");
  Object.assign(counted, { listEvents: read });
  const next = await watch();
  await append(1);
  expect(await next.take(1)).toHaveLength(1);
});
