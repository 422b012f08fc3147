import { setTimeout as delay } from "node:timers/promises";
import type { TestServer } from "./server.ts";

/** Gets a token and revokes it, where the secret is right. */
async function signIn(
  url: string,
  loginName: string,
  secret: string,
): Promise<void> {
  const ask = async (path: string, fields: Record<string, string>) => {
    const response = await fetch(`${url}/oauth/v2/${path}`, {
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from(`${loginName}:${secret}`).toString("base64")}`,
      },
      body: new URLSearchParams(fields),
    });
    return (await response.json()) as { readonly access_token?: string };
  };
  const { access_token: token } = await ask("token", {
    grant_type: "client_credentials",
  });
  if (token !== undefined) {
    await ask("revoke", { token });
  }
}

type Post = (
  path: string,
  body: object,
) => Promise<{ readonly attemptId?: string; readonly deviceToken?: string }>;

/** A device is remembered, and forgotten when its chances are used up; another with all others; a third one stays, with a failure and an open attempt. */
async function useDevices(post: Post): Promise<void> {
  const owner = { userId: "with devices", factor: "FACTOR_PASSWORD" };
  const remember = async () => {
    const { attemptId = "" } = await post("/lockout/v1/attempts", owner);
    const { deviceToken } = await post(
      `/lockout/v1/attempts/${attemptId}:complete`,
      { outcome: "OUTCOME_SUCCEEDED", rememberDevice: true },
    );
    return { ...owner, client: { deviceToken } };
  };
  const fail = async (onDevice: object) => {
    const outcome = "OUTCOME_FAILED";
    await post("/lockout/v1/attempts:report", { ...onDevice, outcome });
  };
  const usedUp = await remember();
  await fail(usedUp);
  await fail(usedUp);
  await remember();
  await post("/lockout/v1/users/with%20devices:forgetDevices", {});
  const kept = await remember();
  await fail(kept);
  await post("/lockout/v1/attempts", kept);
}

/** A storm begins, and ends since it is no longer looked for. */
async function passStorm(
  post: (path: string, body: object, method?: string) => Promise<object>,
  advance: TestServer["advance"],
): Promise<void> {
  const setStorms = (storms: object) =>
    post("/lockout/v1/policy/rules", { storms }, "PUT");
  const lock = (userId: string) =>
    post("/lockout/v1/attempts:report", {
      ...{ userId, factor: "FACTOR_OTP_SMS", outcome: "OUTCOME_FAILED" },
    });
  const isTold = async (type: string) => {
    for (;;) {
      const { events } = (await post("/admin/v1/events/_search", {
        ...{ eventTypes: [type], limit: 1 },
      })) as { readonly events?: readonly object[] };
      if ((events ?? []).length > 0) {
        return;
      }
      await delay(50);
    }
  };
  await post("/management/v1/policies/lockout", { maxOtpAttempts: 1 }, "PUT");
  await setStorms({ maxLocks: 1, window: "3600s" });
  await Promise.all([lock("in a storm"), lock("in a storm too")]);
  await isTold("org.lockout.storm.began");
  await post("/lockout/v1/policy/rules", {}, "PUT");
  // A storm that is under way is looked at each five seconds.
  advance(5000);
  await isTold("org.lockout.storm.ended");
}

/** An organisation with somebody in it is removed. */
async function removeOrg(
  post: (
    path: string,
    body?: object,
    method?: string,
  ) => Promise<{ readonly organizationId?: string }>,
): Promise<void> {
  const { organizationId = "" } = await post("/lockout/v1/organizations", {
    name: "Removed",
  });
  await post("/lockout/v1/tokens", { organizationId, roles: ["ORG_OWNER"] });
  await post("/lockout/v1/serviceAccounts", {
    ...{ organizationId, loginName: "of the removed", roles: ["ORG_OWNER"] },
  });
  await post(`/admin/v1/orgs/${organizationId}`, undefined, "DELETE");
}

/** Something of everything, with an event of each type: users in every state, policies and tokens come and gone. */
export async function live({
  url,
  adminToken,
  advance,
}: TestServer): Promise<void> {
  const post = async (path: string, body?: object, method = "POST") => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${adminToken}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return (await response.json()) as {
      readonly attemptId?: string;
      readonly deviceToken?: string;
      readonly organizationId?: string;
      readonly token?: { readonly tokenId: string };
      readonly tokenId?: string;
      readonly userId?: string;
      readonly clientSecret?: string;
      readonly key?: { readonly keyId: string };
      readonly hook?: { readonly hookId: string };
    };
  };
  const fail = async (userId: string) => {
    const factor = "FACTOR_PASSWORD";
    const { attemptId } = await post("/lockout/v1/attempts", {
      userId,
      factor,
    });
    if (attemptId === undefined) {
      return;
    }
    await post(`/lockout/v1/attempts/${attemptId}:complete`, {
      outcome: "OUTCOME_FAILED",
    });
  };
  await Promise.all(
    Array.from({ length: 40 }, (_value, number) => fail(`user-${number % 10}`)),
  );
  const accounts = "/lockout/v1/serviceAccounts";
  for (const loginName of ["program", "removed-program"]) {
    const { userId = "" } = await post(accounts, {
      ...{ loginName, roles: ["ORG_OWNER"] },
    });
    const own = `${accounts}/${userId}`;
    await post(own, { name: "changed" }, "PATCH");
    const { key } = await post(`${own}/keys`, {});
    await post(`${own}/keys`, {});
    const pats = `/management/v1/users/${userId}/pats`;
    for (const state of ["kept", "removed"]) {
      const { tokenId = "" } = await post(pats, {});
      if (state === "removed") {
        await post(`${pats}/${tokenId}`, undefined, "DELETE");
      }
    }
    await post(`${own}/keys/${key?.keyId ?? ""}`, undefined, "DELETE");
    const { clientSecret = "" } = await post(`${own}:setSecret`, {});
    await signIn(url, loginName, "wrong");
    await signIn(url, loginName, clientSecret);
    await post(
      `/management/v1/users/${userId}/username`,
      { userName: `${loginName}-2` },
      "PUT",
    );
    if (loginName === "removed-program") {
      await post(`${own}:removeSecret`, {});
      await post(own, undefined, "DELETE");
    } else {
      await post(`/management/v1/users/${userId}/_lock`, {});
    }
  }
  await post("/management/v1/users/user-1/_unlock", {});
  await fail("user-1");
  await post("/lockout/v1/users/user-2", undefined, "DELETE");
  await fail("user-2");
  await post("/lockout/v1/users/user-3:recordPasswordChange", {});
  await post("/lockout/v1/attempts", {
    userId: "open",
    factor: "FACTOR_TOTP",
  });
  await post("/lockout/v1/attempts", {
    loginName: "nobody",
    factor: "FACTOR_TOTP",
  });
  await post("/lockout/v1/users/aliased", { aliases: ["Al", "al@x"] }, "PUT");
  await post(
    "/lockout/v1/users/aliased",
    { aliases: ["Al", "b"], state: "USER_STATE_INACTIVE" },
    "PUT",
  );
  for (const state of ["ACTIVE", "INITIAL", "INACTIVE", "ACTIVE"]) {
    await post(
      "/lockout/v1/users/changing",
      { state: `USER_STATE_${state}` },
      "PUT",
    );
  }
  for (const factor of [
    "TOTP",
    "OTP_SMS",
    "OTP_EMAIL",
    "RECOVERY_CODE",
    "PASSWORD",
  ]) {
    for (const outcome of ["FAILED", "SUCCEEDED"]) {
      await post("/lockout/v1/attempts:report", {
        ...{ userId: "changing", factor: `FACTOR_${factor}` },
        client: { address: "192.0.2.7", userAgent: "ü", device: "d" },
        outcome: `OUTCOME_${outcome}`,
      });
    }
  }
  await post(
    "/admin/v1/policies/password/lockout",
    { maxOtpAttempts: 1 },
    "PUT",
  );
  await post("/lockout/v1/attempts:report", {
    ...{ loginName: "no one", factor: "FACTOR_TOTP" },
    outcome: "OUTCOME_FAILED",
  });
  await post("/lockout/v1/lockout:unlock", { loginName: "no one" });
  await post("/lockout/v1/attempts:report", {
    ...{ loginName: "later", factor: "FACTOR_TOTP" },
    outcome: "OUTCOME_FAILED",
  });
  await post("/lockout/v1/users/later", { aliases: ["Later"] }, "PUT");
  const { organizationId } = await post("/lockout/v1/organizations", {
    name: "Other",
  });
  const created = await post("/lockout/v1/tokens", {
    ...{ organizationId, name: "t", roles: ["ORG_OWNER"] },
    expireTime: "2100-01-01T00:00:00Z",
  });
  const tokenId = created.token?.tokenId ?? "";
  await post(`/lockout/v1/tokens/${tokenId}:rotate`, {});
  await post(`/lockout/v1/tokens/${tokenId}`, undefined, "DELETE");
  const kept = await post("/lockout/v1/tokens", { roles: ["ORG_OWNER"] });
  await post(`/lockout/v1/tokens/${kept.token?.tokenId ?? ""}:rotate`, {});
  await post("/management/v1/orgs/me", { name: "Renamed" }, "PUT");
  await post("/management/v1/policies/lockout", { maxPasswordAttempts: 9 });
  await post(
    "/management/v1/policies/lockout",
    { maxPasswordAttempts: 8 },
    "PUT",
  );
  await post("/management/v1/policies/lockout", undefined, "DELETE");
  await post("/management/v1/policies/lockout", { maxPasswordAttempts: 9 });
  await post("/admin/v1/policies/password/lockout", {}, "PUT");
  await post("/lockout/v1/instance/policy/rules", { ceiling: 200 }, "PUT");
  await post(
    "/lockout/v1/policy/rules",
    { ceiling: 9, devices: { maxAttempts: 2 } },
    "PUT",
  );
  for (let failures = 0; failures < 8; failures += 1) {
    await post("/lockout/v1/attempts:report", {
      ...{ userId: "warned", factor: "FACTOR_TOTP" },
      outcome: "OUTCOME_FAILED",
    });
  }
  await useDevices(post);
  await post(
    "/lockout/v1/policy/rules",
    {
      ...{ rememberedSecrets: 3, lockScope: "LOCK_SCOPE_FACTOR" },
      sources: { maxFailures: 100, window: "86400s" },
    },
    "PUT",
  );
  for (let repeats = 0; repeats < 2; repeats += 1) {
    await post("/lockout/v1/attempts:report", {
      ...{ userId: "changing", factor: "FACTOR_PASSWORD" },
      client: { address: "192.0.2.7" },
      secretDigest: Buffer.alloc(32, 1).toString("base64"),
      outcome: "OUTCOME_FAILED",
    });
  }
  for (let failures = 0; failures < 9; failures += 1) {
    await post("/lockout/v1/attempts:report", {
      ...{ userId: "changing", factor: "FACTOR_PASSWORD" },
      outcome: "OUTCOME_FAILED",
    });
  }
  await post("/lockout/v1/lockout:unlock", { userId: "changing" });
  await post("/lockout/v1/policy/rules", {}, "PUT");
  await passStorm(post, advance);
  await removeOrg(post);
  for (const hooks of ["/lockout/v1/hooks", "/lockout/v1/instance/hooks"]) {
    // Nothing that it is for happens while it is there.
    const { hook } = await post(hooks, {
      ...{ url: "https://hooks.example.com/", eventTypes: ["user.removed"] },
    });
    const own = `${hooks}/${hook?.hookId ?? ""}`;
    await post(own, { url: "https://hooks.example.com/other" }, "PATCH");
    await post(`${own}:rotate`, {});
    for (const state of ["DISABLED", "ENABLED"]) {
      await post(own, { state: `HOOK_STATE_${state}` }, "PATCH");
    }
    await post(own, undefined, "DELETE");
  }
}
