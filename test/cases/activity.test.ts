import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  Interval,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import type { CallHeaders, Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import { setStage } from "./stage.ts";

// How much is tried, locked and unlocked: whether an attack is under way.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    defaultPolicy: { maxPasswordAttempts: 2, maxOtpAttempts: 2 },
  });
});

afterAll(async () => {
  await server.close();
});

const calls = AttemptService.method;
const minute = 60_000;
const hour = 60 * minute;

interface Figures {
  readonly intervals: readonly {
    readonly time: string;
    readonly attempts?: Readonly<Record<string, string>>;
    readonly completed?: Readonly<Record<string, string>>;
    readonly locks?: string;
    readonly unlocks?: string;
  }[];
}

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "GetActivity by %s",
  (doorName) => {
    let door: Door;
    beforeAll(() => {
      door = openDoor(server.url, doorName);
    });
    const read = async (
      input: object,
      headers: CallHeaders,
    ): Promise<Figures["intervals"]> =>
      (
        messageOf(
          await door.call(calls.getActivity, input, headers),
        ) as unknown as Figures
      ).intervals;

    it("counts attempts by decision and outcome, locks and unlocks, of the organisation and of all", async () => {
      // All of it happens within an hour.
      server.advance(hour - (server.now() % hour) + minute);
      const { userId, orgOwner, token } = await setStage(server);
      const headers = { token: orgOwner };
      const subject = { case: "userId", value: userId } as const;
      const nobody = { case: "loginName", value: "nobody" } as const;
      const begin = async (whom: typeof subject | typeof nobody) => {
        const begun = messageOf(
          await door.call(
            calls.beginAttempt,
            { subject: whom, factor: Factor.PASSWORD },
            headers,
          ),
        ) as { attemptId?: string };
        return begun.attemptId ?? "";
      };
      const complete = async (attemptId: string, outcome: Outcome) =>
        messageOf(
          await door.call(
            calls.completeAttempt,
            { attemptId, outcome },
            headers,
          ),
        );
      await complete(await begin(subject), Outcome.SUCCEEDED);
      const last = await begin(subject);
      await complete(last, Outcome.FAILED);
      // Again, and what changes nothing, count nothing.
      await complete(last, Outcome.FAILED);
      await complete(await begin(subject), Outcome.NOT_A_GUESS);
      messageOf(
        await door.call(
          calls.reportAttempt,
          { subject, factor: Factor.PASSWORD, outcome: Outcome.FAILED },
          headers,
        ),
      );
      await begin(subject);
      await begin(nobody);
      messageOf(await door.call(calls.unlock, { subject }, headers));

      // It is added each second.
      let intervals: Awaited<ReturnType<typeof read>> = [];
      await expect
        .poll(async () => {
          intervals = await read({}, headers);
          return intervals.at(-1)?.unlocks;
        })
        .toBeDefined();
      expect(intervals).toHaveLength(24);
      expect(intervals.at(-1)).toEqual({
        time: new Date(Math.floor(server.now() / hour) * hour)
          .toISOString()
          .replace(".000Z", "Z"),
        attempts: { proceed: "4", locked: "1" },
        completed: { succeeded: "1", failed: "2", not_a_guess: "1" },
        ...{ locks: "1", unlocks: "1" },
      });
      for (const interval of intervals.slice(0, -1)) {
        expect(Object.keys(interval)).toEqual(["time"]);
      }
      const [today] = (await read({ interval: Interval.DAY }, headers)).slice(
        -1,
      );
      expect(today).toMatchObject({ attempts: { proceed: "4" }, locks: "1" });
      const minutes = await read({ interval: Interval.MINUTE }, headers);
      expect(minutes).toHaveLength(60);
      expect(
        minutes.reduce((sum, { locks = "0" }) => sum + Number(locks), 0),
      ).toBe(1);

      const viewer = { token: await token(["IAM_OWNER_VIEWER"]) };
      const all = await read({ allOrganizations: true }, viewer);
      expect(Number(all.at(-1)?.locks)).toBeGreaterThanOrEqual(1);
      for (const role of ["ORG_OWNER", "IAM_USER_MANAGER"]) {
        expect(
          await door.call(
            calls.getActivity,
            { allOrganizations: true },
            { token: await token([role]) },
          ),
        ).toMatchObject({ ok: false, code: Code.PermissionDenied });
      }
    });

    it("has the intervals that are asked for, and refuses more than a thousand, or none", async () => {
      const { orgOwner } = await setStage(server);
      const headers = { token: orgOwner };
      const at = (ms: number) => timestampFromMs(ms);
      const noon = Date.parse("2026-03-01T12:00:00Z");
      const timesOf = async (input: object) =>
        (await read(input, headers)).map(({ time }) => time);
      expect(
        await timesOf({ since: at(noon + 1), until: at(noon + 2 * hour + 1) }),
      ).toEqual([
        ...["2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z"],
        "2026-03-01T14:00:00Z",
      ]);
      expect(
        await timesOf({ since: at(noon), until: at(noon + hour) }),
      ).toEqual(["2026-03-01T12:00:00Z"]);
      expect(
        await timesOf({ until: at(noon), interval: Interval.DAY }),
      ).toHaveLength(30);
      const many = { since: at(noon), until: at(noon + 1000 * hour) };
      expect(await timesOf(many)).toHaveLength(1000);
      for (const input of [
        { since: at(noon), until: at(noon + 1000 * hour + 1) },
        { since: at(noon + hour), until: at(noon) },
        { since: at(noon), until: at(noon) },
        { ...many, interval: Interval.MINUTE },
        { until: at(Date.parse("0001-01-01T00:00:01Z")) },
        { interval: 9 },
      ]) {
        const call = (request: object) =>
          door.call(calls.getActivity, request, headers);
        expect(await call(input)).toMatchObject({
          code: Code.InvalidArgument,
          message: expect.stringContaining("LOCKOUTD-act01") as string,
        });
      }
    });
  },
);
