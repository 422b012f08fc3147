import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { PolicyService } from "../../gen/lockout/v1/policy_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { setStage } from "../cases/stage.ts";
import type { TestServer } from "../support/server.ts";

/** An address that is nobody's. */
export const strangersAddress = "192.0.2.7";

/** What strangers may call themselves. */
export const hostile: readonly string[] = [
  '<img src=x onerror="document.title=1">',
  "=HYPERLINK(1)",
  "\u202Etxt.exe",
  "x".repeat(150),
];

/** A password of an organisation's users is locked at the first failure. */
export const lockingPolicy = {
  defaultPolicy: { maxPasswordAttempts: 1, maxOtpAttempts: 1 },
} as const;

/** An organisation, the tokens of its people, and calls as its owner. */
export async function prepareOrganization(server: TestServer) {
  const stage = await setStage(server);
  const transport = createGrpcTransport({ baseUrl: server.url });
  const headers = { authorization: `Bearer ${stage.orgOwner}` };
  const attempts = createClient(AttemptService, transport);
  const users = createClient(UserService, transport);
  const policies = createClient(PolicyService, transport);
  const fail = (userId: string) =>
    attempts.reportAttempt(
      {
        subject: { case: "userId", value: userId },
        ...{ factor: Factor.PASSWORD, outcome: Outcome.FAILED },
        client: { address: strangersAddress },
      },
      { headers },
    );
  const unlock = (userId: string) =>
    attempts.unlock(
      { subject: { case: "userId", value: userId }, note: "called" },
      { headers },
    );
  const lock = async (userId: string, name: string) => {
    await users.putUser({ userId, aliases: [name] }, { headers });
    await fail(userId);
  };
  return {
    ...{ stage, attempts, policies, users, headers, fail, lock, unlock },
    /** The help desk's own role. */
    desk: await stage.token(["ORG_USER_MANAGER"]),
    lockAll: async (names: readonly string[]) => {
      for (const [index, name] of names.entries()) {
        await lock(`u${index}`, name);
      }
    },
  };
}
