// Calls a running lockoutd with @zitadel/node, unmodified: signs in by a key file, and makes every call about lockout that the client has.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Metadata } from "nice-grpc-common";
import {
  createAdminClient,
  createAuthClient,
  createManagementClient,
  createServiceAccountInterceptor,
  createSettingsClient,
  createUserClient,
} from "@zitadel/node/dist/api/index.js";
import { ServiceAccount } from "@zitadel/node/dist/credentials/index.js";

const {
  LOCKOUTD_ADDRESS: address,
  LOCKOUTD_KEY_FILE: keyFile = "",
  LOCKOUTD_INSTANCE_ID: instanceId,
  LOCKOUTD_ORG_ID: orgId,
  LOCKOUTD_USER_ID: userId,
} = process.env;
const url = `http://${address}`;
const account = ServiceAccount.fromJsonString(readFileSync(keyFile, "utf8"));
const signIn = createServiceAccountInterceptor(url, account, {
  apiAccess: true,
});
const admin = createAdminClient(url, signIn);
const management = createManagementClient(url, signIn);
const inOrg = () => ({ metadata: Metadata({ "x-zitadel-orgid": orgId }) });
const refuses = (call, text) =>
  assert.rejects(call, (error) => error.message.includes(text));

const tests = {
  async signsIn() {
    const { user } = await createAuthClient(url, signIn).getMyUser({});
    assert.equal(user.id, account.userId);
    assert.ok(user.machine);
  },

  async defaultPolicy() {
    const limits = { maxPasswordAttempts: 6, maxOtpAttempts: 4 };
    const { details } = await admin.updateLockoutPolicy(limits);
    assert.equal(details.resourceOwner, instanceId);
    await refuses(admin.updateLockoutPolicy(limits), "(INSTANCE-0psjF)");
    const { policy } = await admin.getLockoutPolicy({});
    assert.deepEqual(
      [Number(policy.maxPasswordAttempts), Number(policy.maxOtpAttempts)],
      [6, 4],
    );
    const { events } = await admin.listEvents({
      limit: 5,
      eventTypes: ["instance.policy.lockout.changed"],
    });
    assert.ok(events.length > 0);
  },

  async organisationPolicy() {
    await refuses(
      management.resetLockoutPolicyToDefault({}, inOrg()),
      "(ORG-D4zuz)",
    );
    await management.addCustomLockoutPolicy(
      { maxPasswordAttempts: 7, maxOtpAttempts: 2 },
      inOrg(),
    );
    await management.updateCustomLockoutPolicy(
      { maxPasswordAttempts: 8, maxOtpAttempts: 0 },
      inOrg(),
    );
    const own = await management.getLockoutPolicy({}, inOrg());
    assert.deepEqual(
      [Number(own.policy.maxPasswordAttempts), own.isDefault],
      [8, false],
    );
    const standard = await management.getDefaultLockoutPolicy({}, inOrg());
    assert.ok(standard.policy.isDefault);
    const { settings } = await createSettingsClient(
      url,
      signIn,
    ).getLockoutSettings({ ctx: { orgId } });
    assert.equal(Number(settings.maxPasswordAttempts), 8);
    await management.resetLockoutPolicyToDefault({}, inOrg());
    assert.ok((await management.getLockoutPolicy({}, inOrg())).isDefault);
  },

  async users() {
    const users = createUserClient(url, signIn);
    await users.lockUser({ userId }, inOrg());
    const { user } = await management.getUserByID({ id: userId }, inOrg());
    assert.ok(user.human);
    await users.unlockUser({ userId }, inOrg());
    await management.lockUser({ id: userId }, inOrg());
    await management.unlockUser({ id: userId }, inOrg());
    await refuses(
      management.unlockUser({ id: userId }, inOrg()),
      "(COMMAND-4M0ds)",
    );
    const { result } = await management.listUsers(
      { queries: [{ inUserIdsQuery: { userIds: [userId] } }] },
      inOrg(),
    );
    assert.deepEqual(
      result.map(({ id }) => id),
      [userId],
    );
  },

  async organisations() {
    const { org } = await management.getMyOrg({}, inOrg());
    assert.equal(org.id, orgId);
    const listed = await admin.listOrgs({
      queries: [{ idQuery: { id: orgId } }],
    });
    assert.deepEqual(
      listed.result.map(({ id }) => id),
      [orgId],
    );
    const { org: first } = await admin.getDefaultOrg({});
    assert.notEqual(first.id, orgId);
  },

  async serviceAccounts() {
    const userName = `by-node-${Date.now()}`;
    const made = await management.addMachineUser(
      { userName, name: "by @zitadel/node" },
      inOrg(),
    );
    await management.addOrgMember(
      { userId: made.userId, roles: ["ORG_OWNER"] },
      inOrg(),
    );
    const { keyDetails } = await management.addMachineKey(
      { userId: made.userId, type: 1 },
      inOrg(),
    );
    const other = ServiceAccount.fromJsonString(
      Buffer.from(keyDetails).toString(),
    );
    const client = createManagementClient(
      url,
      createServiceAccountInterceptor(url, other, { apiAccess: true }),
    );
    assert.equal((await client.getMyOrg({})).org.id, orgId);
    await management.removeUser({ id: made.userId }, inOrg());
    await assert.rejects(client.getMyOrg({}));
  },
};

for (const [name, test] of Object.entries(tests)) {
  await test();
  console.log(`passed: ${name}`);
}
