import type { DescMessage, JsonValue } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import {
  UserService as LockoutUserService,
  UserState,
} from "../../gen/lockout/v1/user_service_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { UserService } from "../../gen/zitadel/user/v2/user_service_pb.js";
import { UserService as UserServiceBeta } from "../../gen/zitadel/user/v2beta/user_service_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import type { Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import type { Stage } from "./situation.ts";
import { setStage } from "./stage.ts";

// A user who is deactivated is not let in, by whichever call it was done, and by every door.

let server: TestServer;
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string;

beforeAll(async () => {
  server = await startTestServer({
    defaultPolicy: { maxPasswordAttempts: 2, maxOtpAttempts: 2 },
  });
});

afterAll(async () => {
  await server.close();
});

type Change = "deactivateUser" | "reactivateUser" | "lockUser" | "unlockUser";

interface Version {
  readonly name: string;
  readonly change: (door: Door, stage: Stage, name: Change) => Promise<unknown>;
  /** The state and the details that GetUserByID answers. */
  readonly show: (
    door: Door,
    stage: Stage,
  ) => Promise<{ readonly state: unknown; readonly details: unknown }>;
}

const v2 = (
  name: string,
  { method }: typeof UserService | typeof UserServiceBeta,
): Version => {
  const call = async (door: Door, stage: Stage, which: keyof typeof method) =>
    messageOf(
      await door.call<DescMessage, DescMessage>(
        method[which],
        { userId: stage.userId },
        { token: stage.orgOwner },
      ),
    );
  return {
    name,
    change: call,
    show: async (door, stage) => {
      const { details, user } = (await call(door, stage, "getUserByID")) as {
        details: JsonValue;
        user: { state: string; details: JsonValue; userId: string };
      };
      expect(user).toMatchObject({ userId: stage.userId, details });
      return { state: user.state, details };
    },
  };
};

const versions: readonly Version[] = [
  {
    name: "v1",
    change: async (door, { userId, orgOwner }, name) =>
      messageOf(
        await door.call<DescMessage, DescMessage>(
          ManagementService.method[name],
          { id: userId },
          { token: orgOwner },
        ),
      ),
    show: async (door, { userId, orgOwner }) => {
      const { user } = messageOf(
        await door.call(
          ManagementService.method.getUserByID,
          { id: userId },
          { token: orgOwner },
        ),
      ) as { user: { id: string; state: string; details: JsonValue } };
      expect(user.id).toBe(userId);
      return user;
    },
  },
  v2("v2", UserService),
  v2("v2beta", UserServiceBeta),
];

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    let door: Door;
    beforeAll(() => {
      door = openDoor(server.url, doorName);
    });

    /** Calls about the attempts of the stage's user. */
    const callsOf = ({ userId, orgOwner }: Stage) => {
      const headers = { token: orgOwner };
      const of = {
        subject: { case: "userId", value: userId },
        factor: Factor.PASSWORD,
      } as const;
      const { beginAttempt, completeAttempt, reportAttempt } =
        AttemptService.method;
      return {
        begin: async () =>
          messageOf(await door.call(beginAttempt, of, headers)) as {
            decision: string;
            attemptId: string;
          },
        complete: async (attemptId: string, outcome: Outcome) =>
          messageOf(
            await door.call(completeAttempt, { attemptId, outcome }, headers),
          ),
        report: async (outcome: Outcome) =>
          messageOf(
            await door.call(reportAttempt, { ...of, outcome }, headers),
          ),
        put: async (state: UserState) =>
          messageOf(
            await door.call(
              LockoutUserService.method.putUser,
              { userId, aliases: ["Ann", "ann@x"], state },
              headers,
            ),
          ),
      };
    };

    it.each(versions)(
      "$name deactivates: nothing is let in or counted until it reactivates",
      async ({ change, show }) => {
        const stage = await setStage(server);
        const { begin, complete, report, put } = callsOf(stage);
        await put(UserState.ACTIVE);
        const { attemptId } = await begin();
        const owner = { resourceOwner: stage.orgId };
        expect(await change(door, stage, "deactivateUser")).toEqual({
          details: { sequence: "3", changeDate: time, ...owner },
        });
        expect(await show(door, stage)).toMatchObject({
          state: "USER_STATE_INACTIVE",
          details: {
            sequence: "3",
            creationDate: time,
            changeDate: time,
            ...owner,
          },
        });
        expect(await begin()).toEqual({
          decision: "DECISION_INACTIVE",
          limit: 2,
        });
        // Neither of those would be told from a right secret.
        expect(await complete(attemptId, Outcome.SUCCEEDED)).toEqual({
          limit: 2,
        });
        for (let guess = 0; guess < 3; guess += 1) {
          expect(await report(Outcome.FAILED)).toEqual({ limit: 2 });
          expect(await report(Outcome.SUCCEEDED)).toEqual({ limit: 2 });
        }
        expect(await change(door, stage, "reactivateUser")).toMatchObject({
          details: { sequence: "4", ...owner },
        });
        expect(await show(door, stage)).toMatchObject({
          state: "USER_STATE_ACTIVE",
        });
        expect(await report(Outcome.SUCCEEDED)).toMatchObject({
          accepted: true,
        });
      },
    );

    it.each(versions)(
      "$name leaves a lock as it is, which is what is told",
      async ({ change, show }) => {
        const stage = await setStage(server);
        const { begin, put } = callsOf(stage);
        await put(UserState.INITIAL);
        expect(await show(door, stage)).toMatchObject({
          state: "USER_STATE_INITIAL",
        });
        await change(door, stage, "lockUser");
        await change(door, stage, "deactivateUser");
        expect(await begin()).toMatchObject({ decision: "DECISION_LOCKED" });
        expect(await show(door, stage)).toMatchObject({
          state: "USER_STATE_LOCKED",
        });
        await change(door, stage, "unlockUser");
        expect(await begin()).toMatchObject({ decision: "DECISION_INACTIVE" });
        await change(door, stage, "reactivateUser");
        expect(await begin()).toMatchObject({ decision: "DECISION_PROCEED" });
      },
    );

    it("PutUser deactivates too", async () => {
      const { begin, complete, put } = callsOf(await setStage(server));
      const { attemptId } = await begin();
      await put(UserState.INACTIVE);
      expect(await begin()).toMatchObject({ decision: "DECISION_INACTIVE" });
      expect(await complete(attemptId, Outcome.SUCCEEDED)).toEqual({
        limit: 2,
      });
    });
  },
);

it("GetUserByID says the names that lead to the user", async () => {
  const [door] = openAllDoors(server.url);
  if (door === undefined) {
    throw new Error("there is no door");
  }
  const stage = await setStage(server);
  const headers = { token: stage.orgOwner };
  await door.call(
    LockoutUserService.method.putUser,
    { userId: stage.userId, aliases: ["Ann", "ann@x"] },
    headers,
  );
  const names = { loginNames: ["Ann", "ann@x"], preferredLoginName: "Ann" };
  const v1 = await door.call(
    ManagementService.method.getUserByID,
    { id: stage.userId },
    headers,
  );
  expect(messageOf(v1)).toMatchObject({ user: { userName: "Ann", ...names } });
  const { method } = UserService;
  const v2 = await door.call(
    method.getUserByID,
    { userId: stage.userId },
    headers,
  );
  expect(messageOf(v2)).toMatchObject({ user: { username: "Ann", ...names } });
});
