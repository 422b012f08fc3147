import {
  beginAttempt,
  completeAttempt,
} from "../../../src/lockout/attempt/attempt.ts";
import { openStore } from "../../../src/store/open.ts";
import { userIdOf } from "./driver.ts";
import type { PairDriver } from "./driver.ts";

const ttlMs = 60_000;

/** Drives our store in its own process: the rules and the group commit, without calls over the network. */
export async function driveStore({
  database,
}: {
  readonly database: string;
}): Promise<PairDriver> {
  const store = await openStore(`sqlite:${database}`, {
    exclusive: true,
  });
  const instance = await store.findInstance();
  if (instance === undefined) {
    throw new Error("the database is empty");
  }
  const { firstOrgId: orgId } = instance;
  const editor = "300000000000000000";
  return {
    pair: async (user, outcome) => {
      const command = {
        factor: "password",
        client: {},
        ttlMs,
      } as const;
      const { attempt } = await store.beginAttempt(
        { kind: "user", orgId, userId: userIdOf(user) },
        editor,
        (view, attemptId) => beginAttempt(view, { ...command, attemptId }),
      );
      if (attempt === undefined) {
        throw new Error("an attempt was refused");
      }
      const { accepted } = await store.completeAttempt(
        orgId,
        attempt.id,
        editor,
        (view, stored) => completeAttempt(view, stored, outcome),
      );
      if (accepted !== (outcome === "succeeded")) {
        throw new Error("an attempt was completed otherwise");
      }
    },
    close: () => store.close(),
  };
}
