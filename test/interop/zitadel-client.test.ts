import { createClientFor, toDate } from "@zitadel/client";
import { createServerTransport } from "@zitadel/client/node";
import {
  createAdminServiceClient,
  createManagementServiceClient,
} from "@zitadel/client/v1";
import {
  createSettingsServiceClient,
  createUserServiceClient,
  makeReqCtx,
} from "@zitadel/client/v2";
import { createClientTransport } from "@zitadel/client/web";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorDetailSchema } from "@zitadel/proto/zitadel/message_pb.js";
import { ResourceOwnerType } from "@zitadel/proto/zitadel/settings/v2/settings_pb.js";
import { SettingsService as SettingsServiceBeta } from "@zitadel/proto/zitadel/settings/v2beta/settings_service_pb.js";
import { UserService as UserServiceBeta } from "@zitadel/proto/zitadel/user/v2beta/user_service_pb.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setStage } from "../cases/stage.ts";
import type { Stage } from "../cases/situation.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { registerUser } from "./support/register-user.ts";

/** What a caller of the ZITADEL client reads off an error. */
async function refusalOf(call: Promise<unknown>) {
  const error = await call.then(
    () => {
      throw new Error("the call was answered");
    },
    (reason: unknown) => ConnectError.from(reason),
  );
  return {
    code: Code[error.code],
    message: error.rawMessage,
    details: error
      .findDetails(ErrorDetailSchema)
      .map(({ id, message }) => ({ id, message })),
  };
}

describe.each([
  { entry: "node, gRPC over h2c", createTransport: createServerTransport },
  { entry: "web, gRPC-Web by fetch", createTransport: createClientTransport },
])("@zitadel/client ($entry)", ({ createTransport }) => {
  let server: TestServer;
  let stage: Stage;
  let clients: ReturnType<typeof openClients>;

  function openClients(token: string) {
    const transport = createTransport(token, { baseUrl: server.url });
    return {
      admin: createAdminServiceClient(transport),
      management: createManagementServiceClient(transport),
      settings: createSettingsServiceClient(transport),
      settingsBeta: createClientFor(SettingsServiceBeta)(transport),
      users: createUserServiceClient(transport),
      usersBeta: createClientFor(UserServiceBeta)(transport),
    };
  }

  beforeAll(async () => {
    server = await startTestServer();
    stage = await setStage(server);
    clients = openClients(server.adminToken);
  });

  afterAll(async () => {
    await server.close();
  });

  it("asks both v1 services whether they are there", async () => {
    const { admin, management } = openClients("no token that counts");
    await expect(admin.healthz({})).resolves.toBeDefined();
    await expect(management.healthz({})).resolves.toBeDefined();
  });

  it("reads and updates the default policy", async () => {
    const { admin } = clients;
    const before = await admin.getLockoutPolicy({});
    expect(before.policy).toMatchObject({
      maxPasswordAttempts: 0n,
      maxOtpAttempts: 0n,
      isDefault: true,
      details: { resourceOwner: server.instanceId },
    });

    const updated = await admin.updateLockoutPolicy({
      maxPasswordAttempts: 5,
      maxOtpAttempts: 3,
    });
    expect(updated.details?.resourceOwner).toBe(server.instanceId);
    expect(updated.details?.sequence).toBeGreaterThan(
      before.policy?.details?.sequence ?? 0n,
    );
    expect(toDate(updated.details?.changeDate)).toBeInstanceOf(Date);
    expect(updated.details?.creationDate).toBeUndefined();

    const after = await admin.getLockoutPolicy({});
    expect(after.policy).toMatchObject({
      maxPasswordAttempts: 5n,
      maxOtpAttempts: 3n,
      isDefault: true,
    });
    expect(after.policy?.details?.sequence).toBe(updated.details?.sequence);
  });

  it("adds, updates and removes an organisation's policy", async () => {
    const { management } = clients;
    const headers = { "x-zitadel-orgid": stage.orgId };
    const inherited = await management.getLockoutPolicy({}, { headers });
    expect(inherited.isDefault).toBe(true);
    expect(inherited.policy?.details?.resourceOwner).toBe(server.instanceId);

    const added = await management.addCustomLockoutPolicy(
      { maxPasswordAttempts: 7, maxOtpAttempts: 2 },
      { headers },
    );
    expect(added.details?.resourceOwner).toBe(stage.orgId);
    expect(added.details?.creationDate).toBeDefined();
    expect(added.details?.changeDate).toBeUndefined();

    const updated = await management.updateCustomLockoutPolicy(
      { maxPasswordAttempts: 8 },
      { headers },
    );
    expect(updated.details?.sequence).toBe(
      (added.details?.sequence ?? 0n) + 1n,
    );

    const own = await management.getLockoutPolicy({}, { headers });
    expect(own.isDefault).toBe(false);
    expect(own.policy).toMatchObject({
      maxPasswordAttempts: 8n,
      maxOtpAttempts: 0n,
      isDefault: false,
      details: { resourceOwner: stage.orgId },
    });
    const standard = await management.getDefaultLockoutPolicy({}, { headers });
    expect(standard.policy?.isDefault).toBe(true);

    const removed = await management.resetLockoutPolicyToDefault(
      {},
      { headers },
    );
    expect(removed.details?.resourceOwner).toBe(stage.orgId);
    const again = await management.getLockoutPolicy({}, { headers });
    expect(again.isDefault).toBe(true);
  });

  it("reads the settings of the instance and of an organisation by v2 and v2beta", async () => {
    const { management, settings, settingsBeta } = clients;
    const headers = { "x-zitadel-orgid": stage.orgId };
    await management.addCustomLockoutPolicy(
      { maxPasswordAttempts: 4, maxOtpAttempts: 6 },
      { headers },
    );
    const { orgId } = stage;
    const [ofInstance, ofOrg, ofInstanceBeta, ofOrgBeta] = await Promise.all([
      settings.getLockoutSettings({ ctx: makeReqCtx(undefined) }),
      settings.getLockoutSettings({ ctx: makeReqCtx(orgId) }),
      settingsBeta.getLockoutSettings({
        ctx: { resourceOwner: { case: "instance", value: true } },
      }),
      settingsBeta.getLockoutSettings({
        ctx: { resourceOwner: { case: "orgId", value: orgId } },
      }),
    ]);
    for (const { details, settings } of [ofInstance, ofInstanceBeta]) {
      expect(settings?.resourceOwnerType).toBe(ResourceOwnerType.INSTANCE);
      expect(details?.resourceOwner).toBe(server.instanceId);
    }
    for (const { details, settings } of [ofOrg, ofOrgBeta]) {
      expect(settings).toMatchObject({
        maxPasswordAttempts: 4n,
        maxOtpAttempts: 6n,
        resourceOwnerType: ResourceOwnerType.ORG,
      });
      expect(details?.resourceOwner).toBe(orgId);
    }
    await management.resetLockoutPolicyToDefault({}, { headers });
  });

  it("locks and unlocks a user by v1, v2 and v2beta", async () => {
    const { management, users, usersBeta } = clients;
    const headers = { "x-zitadel-orgid": stage.orgId };
    await registerUser(stage);
    const { userId, orgId } = stage;
    const answers = [
      await management.lockUser({ id: userId }, { headers }),
      await management.unlockUser({ id: userId }, { headers }),
      await users.lockUser({ userId }),
      await users.unlockUser({ userId }),
      await usersBeta.lockUser({ userId }),
      await usersBeta.unlockUser({ userId }),
    ];
    const sequences = answers.map(({ details }) => details?.sequence ?? 0n);
    const first = sequences[0] ?? 0n;
    expect(sequences).toEqual(answers.map((_, index) => first + BigInt(index)));
    for (const { details } of answers) {
      expect(details?.resourceOwner).toBe(orgId);
      expect(details?.changeDate).toBeDefined();
    }
  });

  it("lists the events of what was done", async () => {
    const { events } = await clients.admin.listEvents({
      asc: true,
      eventTypes: [
        "org.policy.lockout.added",
        "org.policy.lockout.changed",
        "org.policy.lockout.removed",
      ],
      resourceOwner: stage.orgId,
      limit: 3,
    });
    expect(
      events.map(({ type, payload }) => ({ type: type?.type, payload })),
    ).toEqual([
      {
        type: "org.policy.lockout.added",
        payload: { maxPasswordAttempts: 7, maxOTPAttempts: 2 },
      },
      {
        type: "org.policy.lockout.changed",
        payload: { maxPasswordAttempts: 8, maxOTPAttempts: 0 },
      },
      { type: "org.policy.lockout.removed", payload: undefined },
    ]);
    expect(events[0]?.aggregate).toMatchObject({
      id: stage.orgId,
      resourceOwner: stage.orgId,
      type: { type: "org" },
    });
  });

  it("reads an error's code, message and detail", async () => {
    const { admin, users } = clients;
    const limits = { maxPasswordAttempts: 9, maxOtpAttempts: 9 };
    await admin.updateLockoutPolicy(limits);
    await expect(refusalOf(admin.updateLockoutPolicy(limits))).resolves.toEqual(
      {
        code: "FailedPrecondition",
        message: "Errors.IAM.LockoutPolicy.NotChanged (INSTANCE-0psjF)",
        details: [
          {
            id: "INSTANCE-0psjF",
            message: "Errors.IAM.LockoutPolicy.NotChanged",
          },
        ],
      },
    );
    await expect(
      refusalOf(users.unlockUser({ userId: "nobody" })),
    ).resolves.toMatchObject({
      code: "NotFound",
      details: [{ id: "COMMAND-x377t913pw" }],
    });
  });

  it("reads why it may not call", async () => {
    const stranger = openClients("no token that counts");
    await expect(
      refusalOf(stranger.admin.getLockoutPolicy({})),
    ).resolves.toMatchObject({
      code: "Unauthenticated",
      message: "Errors.Token.Invalid (AUTH-7fs1e)",
    });
    const owner = openClients(stage.orgOwner);
    await expect(
      refusalOf(owner.admin.updateLockoutPolicy({ maxPasswordAttempts: 1 })),
    ).resolves.toMatchObject({
      code: "PermissionDenied",
      details: [{ id: "AUTH-5mWD2", message: "No matching permissions found" }],
    });
    await expect(
      refusalOf(
        clients.management.getLockoutPolicy(
          {},
          { headers: { "x-zitadel-orgid": "imported" } },
        ),
      ),
    ).resolves.toMatchObject({
      code: "PermissionDenied",
      message: "Organisation doesn't exist (AUTH-Bs7Ds)",
    });
  });

  it("is told of a call that is not served that it is not", async () => {
    await expect(
      refusalOf(clients.users.addHumanUser({})),
    ).resolves.toMatchObject({ code: "Unimplemented" });
  });
});
