import fc from "fast-check";
import { describe, expect, it, beforeEach } from "vitest";
import type {
  EventPayload,
  EventType,
} from "../../../src/lockout/events/event.ts";
import { recordPasswordChange } from "../../../src/lockout/user/password-change.ts";
import { putUser } from "../../../src/lockout/user/user.ts";
import type { EventFilter, RecordedEvent } from "../../../src/store/events.ts";
import type { PolicyOwner } from "../../../src/store/policies.ts";
import type { StoreBed } from "./bed.ts";
import { start, orgA, orgB, write, countUp } from "./samples.ts";

export function describeEvents(bed: StoreBed): void {
  describe("events", () => {
    it("keep their payload as it was", async () => {
      const payloads: (EventPayload | undefined)[] = [
        undefined,
        {},
        { maxPasswordAttempts: 0, maxOTPAttempts: 4_294_967_295 },
        { text: `'";--\u0000 ü 密码 😀`, flag: false, yes: true, part: 0.5 },
      ];
      for (const payload of payloads) {
        await bed.store.changePolicy(
          orgA,
          "e",
          write("org.policy.lockout.changed", payload),
        );
      }
      expect((await bed.events()).map(({ payload }) => payload)).toEqual(
        payloads,
      );
    });

    it("are listed oldest or newest first, up to the limit", async () => {
      for (let index = 0; index < 5; index += 1) {
        await bed.store.changePolicy(orgA, "e", countUp([]));
      }
      const sequences = async (filter: Partial<EventFilter>) =>
        (await bed.events(filter)).map(({ sequence }) => sequence);

      expect(await sequences({})).toEqual([1, 2, 3, 4, 5]);
      expect(await sequences({ ascending: false })).toEqual([5, 4, 3, 2, 1]);
      expect(await sequences({ limit: 2 })).toEqual([1, 2]);
      expect(await sequences({ limit: 2, ascending: false })).toEqual([5, 4]);
    });

    describe("are filtered", () => {
      let written: readonly RecordedEvent[];

      // Six events whose fields all differ; times 0, 10, …, 50 after the start.
      beforeEach(async () => {
        const steps: [PolicyOwner, string, EventType][] = [
          [orgA, "alice", "org.policy.lockout.added"],
          [orgB, "bob", "org.policy.lockout.added"],
          [orgA, "bob", "org.policy.lockout.changed"],
          [orgB, "alice", "org.policy.lockout.removed"],
          [orgA, "carol", "org.policy.lockout.changed"],
        ];
        const carl = { orgId: "300000000000000003", userId: "carl" };
        await bed.store.putUser(carl, [], "dave", putUser(undefined));
        for (const [owner, editor, type] of steps) {
          bed.time += 10;
          await bed.store.changePolicy(owner, editor, write(type));
        }
        written = await bed.events();
      });

      const rows: [string, () => Partial<EventFilter>, number[]][] = [
        ["by nothing", () => ({}), [0, 1, 2, 3, 4, 5]],
        ["by a sequence before them", () => ({ sequenceAfter: 1 }), [3, 4, 5]],
        ["by a sequence after them", () => ({ sequenceBefore: 2 }), [0, 1, 2]],
        [
          "between two sequences",
          () => ({ sequenceAfter: 1, sequenceBefore: 3 }),
          [3, 4],
        ],
        ["after a date", () => ({ createdAfter: micros(30) }), [4, 5]],
        ["before a date", () => ({ createdBefore: micros(30) }), [0, 1, 2]],
        [
          "between two dates",
          () => ({ createdAfter: micros(10), createdBefore: micros(40) }),
          [2, 3],
        ],
        [
          "between dates that no event has",
          () => ({
            createdAfter: micros(10) - 1,
            createdBefore: micros(40) + 1,
          }),
          [1, 2, 3, 4],
        ],
        [
          "after a position, where that is later than a date",
          () => ({
            createdAfter: micros(10),
            positionAfter: written[3]?.position ?? 0,
          }),
          [4, 5],
        ],
        [
          "after a position",
          () => ({ positionAfter: written[3]?.position ?? 0 }),
          [4, 5],
        ],
        ["by editor", () => ({ editor: "bob" }), [2, 3]],
        [
          "by one type",
          () => ({ types: ["org.policy.lockout.changed"] }),
          [3, 5],
        ],
        [
          "by several types",
          () => ({
            types: [
              "org.policy.lockout.removed",
              "user.human.added",
              "no such",
            ],
          }),
          [0, 4],
        ],
        [
          "by aggregate",
          () => ({ aggregateId: "300000000000000001" }),
          [1, 3, 5],
        ],
        ["by aggregate type", () => ({ aggregateTypes: ["user"] }), [0]],
        [
          "by aggregate types",
          () => ({ aggregateTypes: ["user", "org"] }),
          [0, 1, 2, 3, 4, 5],
        ],
        [
          "by resource owner",
          () => ({ resourceOwner: "300000000000000002" }),
          [2, 4],
        ],
        [
          "by all together",
          () => ({
            editor: "alice",
            types: ["org.policy.lockout.removed", "user.locked"],
            createdAfter: micros(20),
            resourceOwner: "300000000000000002",
            sequenceAfter: 1,
          }),
          [4],
        ],
        [
          "not by what is empty",
          () => ({
            editor: "",
            types: [],
            aggregateTypes: [],
            aggregateId: "",
            resourceOwner: "",
            sequenceAfter: 0,
          }),
          [0, 1, 2, 3, 4, 5],
        ],
        ["to none", () => ({ editor: "nobody" }), []],
      ];

      it.each(rows)("%s", async (_, filter, wanted) => {
        expect(await bed.events(filter())).toEqual(
          wanted.map((index) => written[index]),
        );
        expect(await bed.events({ ...filter(), ascending: false })).toEqual(
          wanted.map((index) => written[index]).reverse(),
        );
      });

      it("as a naive filter would, whatever the filter", async () => {
        const maybe = <T>(arbitrary: fc.Arbitrary<T>) =>
          fc.option(arbitrary, { nil: undefined });
        const texts = (get: (event: RecordedEvent) => string) =>
          fc.constantFrom("", "no such", ...written.map(get));
        const positions = written.map(({ position }) => position);
        const dates = fc
          .tuple(
            fc.integer({ min: -5, max: 60 }),
            fc.integer({ min: -2, max: 2 }),
          )
          .map(([time, more]) => micros(time) + more);
        const arbitrary = fc.record({
          ascending: fc.boolean(),
          limit: fc.integer({ min: 1, max: 7 }),
          sequenceAfter: maybe(fc.integer({ min: 0, max: 4 })),
          sequenceBefore: maybe(fc.integer({ min: 0, max: 4 })),
          createdAfter: maybe(dates),
          createdBefore: maybe(dates),
          positionAfter: maybe(fc.constantFrom(0, ...positions)),
          editor: maybe(texts(({ editor }) => editor)),
          types: maybe(fc.array(texts(({ type }) => type))),
          aggregateId: maybe(texts(({ aggregateId }) => aggregateId)),
          aggregateTypes: maybe(
            fc.array(texts(({ aggregateType }) => aggregateType)),
          ),
          resourceOwner: maybe(texts(({ resourceOwner }) => resourceOwner)),
        });

        await fc.assert(
          fc.asyncProperty(arbitrary, async (wanted) => {
            const filter = withoutUndefined(wanted);
            expect(await bed.store.listEvents(filter)).toEqual(
              naiveFilter(written, filter),
            );
          }),
          { numRuns: 300 },
        );
      });

      it("by an id that users of several organisations have, in the order of the log", async () => {
        const shared = await Promise.all(
          Array.from({ length: 240 }, (_, index) => {
            const orgId = `30000000000000000${index % 4}`;
            const carl = { orgId, userId: "carl" };
            return bed.store.changeUser(carl, "e", recordPasswordChange);
          }),
        );
        expect(shared).toHaveLength(240);
        const own = (await bed.events()).filter(
          ({ aggregateId }) => aggregateId === "carl",
        );
        expect(own.length).toBeGreaterThan(240);
        for (const filter of [
          {},
          { createdAfter: own[50]?.creationMicros ?? 0 },
          { createdBefore: own[100]?.creationMicros ?? 0 },
          { positionAfter: own[70]?.position ?? 0, limit: 90 },
          { sequenceAfter: 5, sequenceBefore: 50 },
          { resourceOwner: "300000000000000003" },
          { aggregateTypes: ["org"] },
          { types: ["user.human.added"] },
        ]) {
          for (const ascending of [true, false]) {
            const wanted = {
              ...{ aggregateId: "carl", limit: 1000, ascending },
              ...filter,
            };
            expect(await bed.store.listEvents(wanted)).toEqual(
              naiveFilter([...own], wanted),
            );
          }
        }
      });

      it("by any number of types", async () => {
        const types = Array.from({ length: 50_000 }, (_, i) => `type ${i}`);
        types.push("org.policy.lockout.removed");
        expect(await bed.events({ types })).toEqual([written[4]]);
      });
    });
  });
}

/** The date of so many milliseconds after the start. */
function micros(time: number): number {
  return (start + time) * 1000;
}

type Undefinable<T> = { readonly [K in keyof T]: T[K] | undefined };

/** Whether a field is undefined or left out is no difference to a filter, but it is to its type. */
function withoutUndefined(filter: Undefinable<EventFilter>): EventFilter {
  const entries: [string, unknown][] = Object.entries(filter);
  return Object.fromEntries(
    entries.filter(([, value]) => value !== undefined),
  ) as unknown as EventFilter;
}

function naiveFilter(
  events: readonly RecordedEvent[],
  filter: EventFilter,
): readonly RecordedEvent[] {
  const isOrAny = (wanted: string | undefined, value: string) =>
    wanted === undefined || wanted === "" || wanted === value;
  const amongOrAny = (wanted: readonly string[] = [], value: string) =>
    wanted.length === 0 || wanted.includes(value);
  const fitting = events.filter(
    (event) =>
      event.sequence > (filter.sequenceAfter ?? -Infinity) &&
      event.sequence < (filter.sequenceBefore ?? Infinity) &&
      event.creationMicros > (filter.createdAfter ?? -Infinity) &&
      event.creationMicros < (filter.createdBefore ?? Infinity) &&
      event.position > (filter.positionAfter ?? -Infinity) &&
      isOrAny(filter.editor, event.editor) &&
      isOrAny(filter.aggregateId, event.aggregateId) &&
      isOrAny(filter.resourceOwner, event.resourceOwner) &&
      amongOrAny(filter.types, event.type) &&
      amongOrAny(filter.aggregateTypes, event.aggregateType),
  );
  return (filter.ascending ? fitting : fitting.reverse()).slice(
    0,
    filter.limit,
  );
}
