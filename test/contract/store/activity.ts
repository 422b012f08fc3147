import { describe, expect, it } from "vitest";
import { activityIntervals } from "../../../src/store/activity.ts";
import type {
  ActivityInterval,
  ActivityQuery,
  MinuteOfActivity,
} from "../../../src/store/activity.ts";
import type { StoreBed } from "./bed.ts";
import { orgA, orgB } from "./samples.ts";

const { minute, hour, day } = activityIntervals;

export function describeActivity(bed: StoreBed): void {
  const list = (
    interval: ActivityInterval,
    orgId: string | undefined,
    rest: Partial<ActivityQuery> = {},
  ) =>
    bed.store.listActivity({
      ...{ interval, orgId, since: 0, until: Number.MAX_SAFE_INTEGER },
      ...rest,
    });
  const at = (
    time: number,
    counts: MinuteOfActivity["counts"],
    { orgId }: { readonly orgId: string } = orgA,
  ): MinuteOfActivity => ({ orgId, time, counts });

  describe("activity", () => {
    // The last minute of a day.
    const late = 20_000 * day - minute;

    it("is summed by minute, hour and day, for each organisation and for all", async () => {
      await bed.store.addActivity([
        at(late, { attempts_proceed: 3, locks: 1 }),
        at(late, { completed_failed: 2 }, orgB),
        at(late + minute, { attempts_proceed: 1, unlocks: 1 }),
      ]);
      await bed.store.addActivity([
        at(late, { attempts_proceed: 1, completed_expired: 4 }),
        at(late - hour, { attempts_throttled: 7 }),
      ]);
      await bed.store.addActivity([]);
      const first = { attempts_proceed: 4, completed_expired: 4, locks: 1 };
      const next = { attempts_proceed: 1, unlocks: 1 };
      const before = { attempts_throttled: 7 };
      expect(await list("minute", orgA.orgId)).toEqual([
        { time: late - hour, counts: before },
        { time: late, counts: first },
        { time: late + minute, counts: next },
      ]);
      expect(await list("hour", orgA.orgId)).toEqual([
        { time: late + minute - 2 * hour, counts: before },
        { time: late + minute - hour, counts: first },
        { time: late + minute, counts: next },
      ]);
      expect(await list("day", orgA.orgId)).toEqual([
        { time: late + minute - day, counts: { ...first, ...before } },
        { time: late + minute, counts: next },
      ]);
      expect(await list("day", orgB.orgId)).toEqual([
        { time: late + minute - day, counts: { completed_failed: 2 } },
      ]);
      expect(await list("minute", undefined, { since: late })).toEqual([
        { time: late, counts: { ...first, completed_failed: 2 } },
        { time: late + minute, counts: next },
      ]);
      expect(
        await list("minute", orgA.orgId, { since: late, until: late + minute }),
      ).toEqual([{ time: late, counts: first }]);
    });

    it("is complete though many add at once, here and elsewhere", async () => {
      const tool = await bed.open("tool");
      await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          (index % 3 === 0 ? tool : bed.store).addActivity([
            at(late, { locks: 1 }),
            at(late, { locks: 1 }, orgB),
          ]),
        ),
      );
      expect(await list("day", undefined)).toMatchObject([
        { counts: { locks: 80 } },
      ]);
      expect(await list("minute", orgB.orgId)).toMatchObject([
        { counts: { locks: 40 } },
      ]);
    });

    it("forgets minutes after 2 days, hours after 90, and days never", async () => {
      bed.time = late;
      const times = [0, 2 * day, 2 * day + minute, 91 * day, 400 * day];
      await bed.store.addActivity(
        times.map((ago) => at(late - ago, { locks: 1 })),
      );
      const timesOf = async (interval: ActivityInterval) =>
        (await list(interval, orgA.orgId)).map(({ time }) => late - time);
      while ((await bed.store.pruneActivity(1)) > 0) {}
      expect(await timesOf("minute")).toEqual([2 * day, 0]);
      expect(await timesOf("hour")).toEqual([
        2 * day + hour - minute,
        hour - minute,
      ]);
      expect(await timesOf("day")).toHaveLength(4);
      expect(await bed.store.pruneActivity(100)).toBe(0);
    });
  });
}
