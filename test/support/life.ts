import type { TestServer } from "./server.ts";

/** Something of everything: locked, unlocked, deleted and back again, open, expired, policies come and gone. */
export async function live({ url, adminToken }: TestServer): Promise<void> {
  const post = async (path: string, body: object, method = "POST") => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${adminToken}` },
      body: JSON.stringify(body),
    });
    return (await response.json()) as { attemptId?: string };
  };
  const fail = async (userId: string) => {
    const factor = "FACTOR_PASSWORD";
    const { attemptId } = await post("/lockout/v1/attempts", {
      userId,
      factor,
    });
    if (attemptId === undefined) return;
    await post(`/lockout/v1/attempts/${attemptId}:complete`, {
      outcome: "OUTCOME_FAILED",
    });
  };
  await Promise.all(
    Array.from({ length: 40 }, (_value, number) => fail(`user-${number % 10}`)),
  );
  await post("/management/v1/users/user-1/_unlock", {});
  await fail("user-1");
  await post("/lockout/v1/users/user-2", {}, "DELETE");
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
  await post("/management/v1/policies/lockout", { maxPasswordAttempts: 9 });
  await post("/management/v1/policies/lockout", {}, "DELETE");
  await post("/admin/v1/policies/password/lockout", {}, "PUT");
}
