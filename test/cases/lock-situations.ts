import type { DescMessage } from "@bufbuild/protobuf";
import { UserService as LockoutUserService } from "../../gen/lockout/v1/user_service_pb.js";
import { UserState } from "../../gen/lockout/v1/user_service_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { UserService } from "../../gen/zitadel/user/v2/user_service_pb.js";
import { UserService as UserServiceBeta } from "../../gen/zitadel/user/v2beta/user_service_pb.js";
import { refusal } from "./situation.ts";
import type { Call, Situation, Stage } from "./situation.ts";
import { grpcDoor, setStage } from "./stage.ts";

const userMethods = [
  "lockUser",
  "unlockUser",
  "deactivateUser",
  "reactivateUser",
  "getUserByID",
] as const;

const noUser = "Errors.User.NotFound";
const userUnknown = refusal.notFound("LOCKOUTD-usr02", noUser);
const notLockable = "Errors.User.ShouldBeActiveOrInitial";
const notLocked = "Errors.User.NotLocked";

const put =
  (state: UserState) =>
  async (stage: Stage): Promise<unknown> =>
    grpcDoor(stage).call(
      LockoutUserService.method.putUser,
      { userId: stage.userId, state },
      { token: stage.orgOwner },
    );

/** What changes a user at ZITADEL, or shows one. */
type UserMethod =
  | "lockUser"
  | "unlockUser"
  | "deactivateUser"
  | "reactivateUser"
  | "getUserByID";

/** A call by the organisation's owner on the stage's user. */
type LockCall = (name: UserMethod) => Call;

const v1: LockCall =
  (name) =>
  (door, { userId, orgOwner }) =>
    door.call<DescMessage, DescMessage>(
      ManagementService.method[name],
      { id: userId },
      { token: orgOwner },
    );

const v2 =
  ({ method }: typeof UserService | typeof UserServiceBeta): LockCall =>
  (name) =>
  (door, { userId, orgOwner }) =>
    door.call<DescMessage, DescMessage>(
      method[name],
      { userId },
      { token: orgOwner },
    );

interface Version {
  readonly name: string;
  readonly call: LockCall;
  readonly ids: {
    readonly lockUnknown: string;
    readonly lockState: string;
    readonly unlockUnknown: string;
    readonly unlockState: string;
  };
}

const v2Ids = {
  lockUnknown: "COMMAND-450yxuqrh1",
  lockState: "COMMAND-lgws8wtsqf",
  unlockUnknown: "COMMAND-x377t913pw",
  unlockState: "COMMAND-olb9vb0oca",
};

const versions: readonly Version[] = [
  {
    name: "v1",
    call: v1,
    ids: {
      lockUnknown: "COMMAND-5M9fs",
      lockState: "COMMAND-3NN8v",
      unlockUnknown: "COMMAND-M0dos",
      unlockState: "COMMAND-4M0ds",
    },
  },
  { name: "v2", call: v2(UserService), ids: v2Ids },
  { name: "v2beta", call: v2(UserServiceBeta), ids: v2Ids },
];

/** Puts the stage's user into organisations of their own, besides the stage's. */
const putElsewhere =
  (count: number, state: UserState) =>
  async (stage: Stage): Promise<void> => {
    for (let place = 0; place < count; place += 1) {
      const { orgId } = await setStage(stage.server);
      await grpcDoor(stage).call(
        LockoutUserService.method.putUser,
        { userId: stage.userId, state },
        { token: stage.server.adminToken, orgId },
      );
    }
  };

/** A call of v2 by a token of the stage with these roles, perhaps on a named organisation. */
const v2As =
  (
    { method }: typeof UserService | typeof UserServiceBeta,
    name: UserMethod,
    roles: readonly string[],
    orgId?: (stage: Stage) => string,
  ): Call =>
  async (door, stage) =>
    door.call<DescMessage, DescMessage>(
      method[name],
      { userId: stage.userId },
      {
        token: await stage.token(roles),
        ...(orgId !== undefined && { orgId: orgId(stage) }),
      },
    );

const ambiguous = refusal.precondition(
  "LOCKOUTD-usr06",
  "several organisations have a user of this id: name one of them in the header x-zitadel-orgid",
);

/** v2 without the organisation's header: where a user is looked for. */
const elsewhereSituations = ([name, service]: readonly [
  string,
  typeof UserService | typeof UserServiceBeta,
]): readonly Situation[] => [
  ...userMethods.flatMap((method): Situation[] => [
    {
      name: `${name} ${method}: several organisations have the id, whatever the states`,
      given: async (stage) => {
        await putElsewhere(1, UserState.LOCKED)(stage);
        await putElsewhere(1, UserState.INACTIVE)(stage);
      },
      call: v2As(service, method, ["IAM_USER_MANAGER"]),
      refused: ambiguous,
    },
    {
      name: `${name} ${method}: the caller's own organisation and another have the id`,
      given: async (stage) => {
        await put(UserState.ACTIVE)(stage);
        await putElsewhere(1, UserState.ACTIVE)(stage);
      },
      call: v2As(service, method, ["IAM_OWNER"]),
      refused: ambiguous,
    },
  ]),
  {
    name: `${name} GetUserByID by ORG_OWNER: others have the id`,
    given: putElsewhere(2, UserState.ACTIVE),
    call: v2As(service, "getUserByID", ["ORG_OWNER"]),
    refused: userUnknown,
  },
  // Who may not change users there learns nothing of them, neither that they exist nor their state.
  ...[["ORG_OWNER"], ["ORG_OWNER", "IAM_OWNER_VIEWER"], ["ORG_USER_MANAGER"]]
    .map((roles) => [roles, [UserState.ACTIVE, UserState.LOCKED]] as const)
    .flatMap(([roles, states]) =>
      states.flatMap((state): Situation[] => [
        {
          name: `${name} LockUser by ${roles.join()}: others have the id, in state ${state}`,
          given: putElsewhere(2, state),
          call: v2As(service, "lockUser", roles),
          refused: refusal.notFound(v2Ids.lockUnknown, noUser),
        },
        {
          name: `${name} UnlockUser by ${roles.join()}: others have the id, in state ${state}`,
          given: putElsewhere(1, state),
          call: v2As(service, "unlockUser", roles),
          refused: refusal.notFound(v2Ids.unlockUnknown, noUser),
        },
      ]),
    ),
  {
    name: `${name} LockUser: the organisation that the header names does not have the id`,
    given: putElsewhere(1, UserState.ACTIVE),
    call: v2As(service, "lockUser", ["IAM_OWNER"], ({ orgId }) => orgId),
    refused: refusal.notFound(v2Ids.lockUnknown, noUser),
  },
];

const v2Services = [
  ["v2", UserService],
  ["v2beta", UserServiceBeta],
] as const;

/** Section 3 of the contract: lock and unlock. */
export const lockSituations: readonly Situation[] = [
  ...versions.flatMap(({ name, call, ids }): Situation[] => [
    {
      name: `${name} LockUser: unknown user`,
      call: call("lockUser"),
      refused: refusal.notFound(ids.lockUnknown, noUser),
    },
    {
      name: `${name} LockUser: inactive`,
      given: put(UserState.INACTIVE),
      call: call("lockUser"),
      refused: refusal.precondition(ids.lockState, notLockable),
    },
    {
      name: `${name} LockUser: locked already`,
      given: put(UserState.LOCKED),
      call: call("lockUser"),
      refused: refusal.precondition(ids.lockState, notLockable),
    },
    {
      name: `${name} UnlockUser: unknown user`,
      call: call("unlockUser"),
      refused: refusal.notFound(ids.unlockUnknown, noUser),
    },
    {
      name: `${name} UnlockUser: not locked`,
      given: put(UserState.ACTIVE),
      call: call("unlockUser"),
      refused: refusal.precondition(ids.unlockState, notLocked),
    },
    ...(["deactivateUser", "reactivateUser", "getUserByID"] as const).map(
      (method): Situation => ({
        name: `${name} ${method}: unknown user`,
        call: call(method),
        refused: userUnknown,
      }),
    ),
    {
      name: `${name} DeactivateUser: inactive already`,
      given: put(UserState.INACTIVE),
      call: call("deactivateUser"),
      refused: refusal.precondition(
        "LOCKOUTD-usr08",
        "the user is inactive already",
      ),
    },
    ...[UserState.ACTIVE, UserState.LOCKED].map((state): Situation => ({
      name: `${name} ReactivateUser: not inactive, in state ${state}`,
      given: put(state),
      call: call("reactivateUser"),
      refused: refusal.precondition(
        "LOCKOUTD-usr09",
        "the user is not inactive",
      ),
    })),
  ]),
  {
    name: "v1 LockUser: a user of another organisation",
    given: put(UserState.ACTIVE),
    call: (door, { userId, server }) =>
      door.call(
        ManagementService.method.lockUser,
        { id: userId },
        { token: server.adminToken },
      ),
    refused: refusal.notFound("COMMAND-5M9fs", noUser),
  },
  {
    name: "v1 asks for the permission first",
    call: async (door, { token }) =>
      door.call(
        ManagementService.method.lockUser,
        { id: "nobody" },
        { token: await token(["ORG_OWNER_VIEWER"]) },
      ),
    refused: refusal.denied("AUTH-5mWD2", "No matching permissions found"),
  },
  {
    name: "v2 asks for the permission after existence",
    call: async (door, { token }) =>
      door.call(
        UserService.method.lockUser,
        { userId: "nobody" },
        { token: await token(["ORG_OWNER_VIEWER"]) },
      ),
    refused: refusal.notFound(v2Ids.lockUnknown, noUser),
  },
  {
    name: "v2 asks for the permission after the state",
    given: put(UserState.LOCKED),
    call: async (door, { token, userId }) =>
      door.call(
        UserService.method.lockUser,
        { userId },
        { token: await token(["ORG_OWNER_VIEWER"]) },
      ),
    refused: refusal.precondition(v2Ids.lockState, notLockable),
  },
  {
    name: "v2 asks for the permission at last",
    given: put(UserState.ACTIVE),
    call: async (door, { token, userId }) =>
      door.call(
        UserService.method.lockUser,
        { userId },
        { token: await token(["ORG_OWNER_VIEWER"]) },
      ),
    refused: refusal.denied("AUTH-5mWD2", "No matching permissions found"),
  },
  ...(["deactivateUser", "reactivateUser"] as const).map(
    (method): Situation => ({
      name: `v2 ${method}: asks for the permission at last`,
      given: put(
        method === "deactivateUser" ? UserState.ACTIVE : UserState.INACTIVE,
      ),
      call: v2As(UserService, method, ["ORG_OWNER_VIEWER"]),
      refused: refusal.denied("AUTH-5mWD2", "No matching permissions found"),
    }),
  ),
  {
    name: "v2 GetUserByID: asks for the permission before existence",
    call: v2As(UserService, "getUserByID", ["ORG_SETTINGS_MANAGER"]),
    refused: refusal.denied("AUTH-5mWD2", "No matching permissions found"),
  },
  ...v2Services.flatMap(elsewhereSituations),
  {
    name: "an id that is too long",
    call: (door, { orgOwner }) =>
      door.call(
        ManagementService.method.lockUser,
        { id: "x".repeat(201) },
        { token: orgOwner },
      ),
    refused: refusal.invalid(
      "LOCKOUTD-usr01",
      "a user id has 1 to 200 characters",
    ),
  },
  {
    name: "an id of 200 characters that take two units each is not too long",
    call: (door, { orgOwner }) =>
      door.call(
        ManagementService.method.lockUser,
        { id: "\u{1f511}".repeat(200) },
        { token: orgOwner },
      ),
    refused: refusal.notFound("COMMAND-5M9fs", noUser),
  },
];
