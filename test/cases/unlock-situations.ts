import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import {
  UserService,
  UserState,
} from "../../gen/lockout/v1/user_service_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { refusal } from "./situation.ts";
import type { Call, Situation, Stage } from "./situation.ts";
import { grpcDoor } from "./stage.ts";

const { forgetDevices, getLockout, reportAttempt, unlock, unlockUsers } =
  AttemptService.method;
const nobody = { case: "loginName", value: "nobody@x" } as const;

const subjectMissing = refusal.invalid(
  "LOCKOUTD-att01",
  "set user_id or login_name, of 1 to 200 characters that are not all blank",
);
const notLocked = refusal.precondition("LOCKOUTD-lck01", "not locked");
const lockedAnew = refusal.precondition(
  "LOCKOUTD-lck02",
  "locked anew since if_locked_at",
);
const put =
  (state: UserState) =>
  ({ userId, orgOwner, ...stage }: Stage) =>
    grpcDoor({ userId, orgOwner, ...stage }).call(
      UserService.method.putUser,
      { userId, state },
      { token: orgOwner },
    );

const lockName = async (stage: Stage) => {
  const [door, headers] = [grpcDoor(stage), { token: stage.orgOwner }];
  await door.call(
    ManagementService.method.addCustomLockoutPolicy,
    { maxPasswordAttempts: 1 },
    headers,
  );
  await door.call(
    reportAttempt,
    { subject: nobody, factor: Factor.PASSWORD, outcome: Outcome.FAILED },
    headers,
  );
};

const show =
  (request: { readonly userId?: string; readonly loginName?: string }): Call =>
  (door, { orgOwner }) =>
    door.call(getLockout, request, { token: orgOwner });

const lift =
  (request: object, roles?: readonly string[]): Call =>
  async (door, { orgOwner, token }) =>
    door.call(unlock, request, {
      token: roles === undefined ? orgOwner : await token(roles),
    });

const liftMany =
  (request: object, roles?: readonly string[]): Call =>
  async (door, { orgOwner, token }) =>
    door.call(unlockUsers, request, {
      token: roles === undefined ? orgOwner : await token(roles),
    });

const scopeMissing = refusal.invalid(
  "LOCKOUTD-lck03",
  "set user_ids, or one or more of since, reason, address and name_prefix, and not both",
);
const filterInvalid = refusal.invalid(
  "LOCKOUTD-lck04",
  "address is an IP address or a network such as 203.0.113.0/24, reason a reason of locks, and name_prefix of 1 to 200 characters that are not all blank",
);
const pageInvalid = refusal.invalid(
  "LOCKOUTD-lst01",
  "page_size must not be negative, and page_token must come from the previous response to the same request: repeat its other fields",
);

const manySituations: readonly Situation[] = [
  {
    name: "UnlockUsers: nobody is named",
    call: liftMany({ note: "all of them", dryRun: true }),
    refused: scopeMissing,
  },
  {
    name: "UnlockUsers: users and a filter",
    call: liftMany({ userIds: ["a"], namePrefix: "b" }),
    refused: scopeMissing,
  },
  {
    name: "UnlockUsers: an id that is empty",
    call: liftMany({ userIds: ["a", ""] }),
    refused: refusal.invalid(
      "LOCKOUTD-usr01",
      "a user id has 1 to 200 characters",
    ),
  },
  {
    name: "UnlockUsers: a network that is none",
    call: liftMany({ address: "203.0.113.0/33" }),
    refused: filterInvalid,
  },
  {
    name: "UnlockUsers: a prefix of blanks",
    call: liftMany({ namePrefix: " " }),
    refused: filterInvalid,
  },
  ...[{ userIds: ["a"] }, { namePrefix: "a" }].flatMap((whom): Situation[] => [
    {
      name: `UnlockUsers by ${Object.keys(whom).join()}: a negative page size`,
      call: liftMany({ ...whom, pageSize: -1 }),
      refused: pageInvalid,
    },
    {
      name: `UnlockUsers by ${Object.keys(whom).join()}: a page token of another list`,
      call: liftMany({ ...whom, pageToken: "WyJ1c2VycyIsImEiXQ" }),
      refused: pageInvalid,
    },
  ]),
  {
    name: "UnlockUsers: without the permission",
    call: liftMany({ namePrefix: "a" }, ["ORG_OWNER_VIEWER"]),
    refused: refusal.denied("AUTH-5mWD2", "No matching permissions found"),
  },
];

/** The lockout of users and login names: who is shown and unlocked, and who is not. */
export const unlockSituations: readonly Situation[] = [
  ...manySituations,
  {
    name: "GetLockout: nobody is named",
    call: show({}),
    refused: subjectMissing,
  },
  {
    name: "GetLockout: a user and a login name",
    call: show({ userId: "u", loginName: "n" }),
    refused: subjectMissing,
  },
  {
    name: "GetLockout: a login name of blanks",
    call: show({ loginName: "  " }),
    refused: subjectMissing,
  },
  {
    name: "GetLockout: unknown user",
    call: show({ userId: "nobody" }),
    refused: refusal.notFound("LOCKOUTD-usr02", "Errors.User.NotFound"),
  },
  {
    name: "ForgetDevices: unknown user",
    call: (door, { orgOwner }) =>
      door.call(forgetDevices, { userId: "nobody" }, { token: orgOwner }),
    refused: refusal.notFound("LOCKOUTD-usr02", "Errors.User.NotFound"),
  },
  {
    name: "ForgetDevices: without the permission",
    call: async (door, { userId, token }) =>
      door.call(
        forgetDevices,
        { userId },
        { token: await token(["ORG_OWNER_VIEWER"]) },
      ),
    refused: refusal.denied("AUTH-5mWD2", "No matching permissions found"),
  },
  {
    name: "Unlock: nobody is named",
    call: lift({}),
    refused: subjectMissing,
  },
  {
    name: "Unlock: unknown user",
    call: lift({ subject: { case: "userId", value: "nobody" } }),
    refused: refusal.notFound("LOCKOUTD-usr02", "Errors.User.NotFound"),
  },
  {
    name: "Unlock: a user who is not locked",
    given: put(UserState.ACTIVE),
    call: (door, { userId, orgOwner }) =>
      door.call(
        unlock,
        { subject: { case: "userId", value: userId } },
        { token: orgOwner },
      ),
    refused: notLocked,
  },
  {
    name: "Unlock: a login name that nobody has, and that is not locked",
    call: lift({ subject: nobody }),
    refused: notLocked,
  },
  {
    name: "Unlock: a user who was locked later",
    given: put(UserState.LOCKED),
    call: (door, { userId, orgOwner, server }) =>
      door.call(
        unlock,
        {
          subject: { case: "userId", value: userId },
          ifLockedAt: timestampFromMs(server.now() - 3_600_000),
        },
        { token: orgOwner },
      ),
    refused: lockedAnew,
  },
  {
    name: "Unlock: a login name that was locked later",
    given: lockName,
    call: lift({ subject: nobody, ifLockedAt: timestampFromMs(1) }),
    refused: lockedAnew,
  },
  {
    name: "Unlock: without the permission",
    given: lockName,
    call: lift({ subject: nobody }, ["ORG_OWNER_VIEWER"]),
    refused: refusal.denied("AUTH-5mWD2", "No matching permissions found"),
  },
  {
    name: "Unlock: a name that is locked in another organisation",
    given: lockName,
    call: (door, { server }) =>
      door.call(unlock, { subject: nobody }, { token: server.adminToken }),
    refused: notLocked,
  },
];
