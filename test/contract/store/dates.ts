import { describe, expect, it } from "vitest";
import { reportAttempt } from "../../../src/lockout/attempt/attempt.ts";
import type { Store } from "../../../src/store/store.ts";
import type { StoreBed } from "./bed.ts";
import { countUp, init, instanceOwner, orgA, start } from "./samples.ts";
import { changePolicy } from "../../support/change-policy.ts";

export function describeDates(bed: StoreBed): void {
  const fail = (store: Store, userId: string) =>
    store.reportAttempt(
      { kind: "user", orgId: orgA.orgId, userId },
      "e",
      (view) => reportAttempt(view, "password", {}, "failed"),
    );
  const datesOf = async () =>
    (await bed.events()).map(({ creationMicros }) => creationMicros);

  describe("the dates of events", () => {
    it("are a microsecond apart where events share their millisecond", async () => {
      await fail(bed.store, "a");
      await fail(bed.store, "a");
      bed.time += 1;
      await fail(bed.store, "a");
      expect(await datesOf()).toEqual([
        ...[start * 1000, start * 1000 + 1, start * 1000 + 2],
        (start + 1) * 1000,
      ]);
    });

    it("are in the order of the log, whoever writes at once", async () => {
      const tool = await bed.open("tool");
      await Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          Promise.all([
            fail(index % 2 === 0 ? bed.store : tool, `u${index}`),
            changePolicy(bed.store, orgA, "e", countUp([])),
            index % 50 === 0 ? tool.createOrg("o", "e") : undefined,
          ]),
        ),
      );
      const dates = await datesOf();
      expect(dates).toHaveLength(604);
      expect(dates).toEqual(dates.map((_, index) => start * 1000 + index));
    });

    it("go on where the clock was set back, until it has passed them, and this is told once", async () => {
      await fail(bed.store, "a");
      bed.time += 60_000;
      await fail(bed.store, "a");
      const late = bed.time;
      expect(bed.behind).toEqual([]);
      for (const time of [start + 10, start + 20, start + 30_000]) {
        bed.time = time;
        await fail(bed.store, "a");
      }
      expect(bed.behind).toEqual([59_990]);
      bed.time = late + 1;
      await fail(bed.store, "a");
      expect(await datesOf()).toEqual([
        ...[start * 1000, start * 1000 + 1],
        ...[0, 1, 2, 3].map((more) => late * 1000 + more),
        (late + 1) * 1000,
      ]);

      bed.time -= 5000;
      await fail(bed.store, "a");
      expect(bed.behind).toEqual([59_990, 5000]);
    });

    it("go on behind those of a store that was open before", async () => {
      bed.time += 60_000;
      await fail(bed.store, "a");
      bed.time = start;
      await bed.reopen();
      await fail(bed.store, "a");
      const dates = await datesOf();
      expect(dates).toEqual(dates.map((_, i) => (start + 60_000) * 1000 + i));
    });

    it("are those that commands and policies are answered with", async () => {
      await bed.store.initialise(init);
      const [first, second] = await Promise.all([
        changePolicy(bed.store, orgA, "e", countUp([])),
        changePolicy(bed.store, orgA, "e", countUp([])),
      ]);
      const changed = await changePolicy(
        bed.store,
        instanceOwner,
        "e",
        countUp([]),
      );
      const events = await bed.events();
      expect([first, second, changed]).toEqual(events.slice(-3));
      expect(await bed.store.findPolicy(orgA)).toMatchObject({
        creationMicros: first.creationMicros,
        changeMicros: second.creationMicros,
      });
      expect(await bed.store.findPolicy(instanceOwner)).toMatchObject({
        creationMicros: events[2]?.creationMicros,
        changeMicros: changed.creationMicros,
      });
    });

    it("stay whole numbers, each later, where the clock is past the year 2255", async () => {
      bed.time = Date.UTC(9999, 0, 1);
      await fail(bed.store, "a");
      await fail(bed.store, "a");
      const dates = await datesOf();
      expect(dates.every(Number.isSafeInteger)).toBe(true);
      expect(dates).toEqual(dates.map((_, index) => (dates[0] ?? 0) + index));
    });
  });
}
