import { expect, it } from "vitest";
import {
  beginAttempt,
  completeAttempt,
  reportAttempt,
} from "../../src/lockout/attempt/attempt.ts";
import { LockoutError } from "../../src/lockout/errors/errors.ts";
import {
  addOrgPolicy,
  createDefaultPolicy,
  resetOrgPolicy,
} from "../../src/lockout/policy/policy.ts";
import { recordPasswordChange } from "../../src/lockout/user/password-change.ts";
import { lockUser, putUser } from "../../src/lockout/user/user.ts";
import { unlockUser } from "../../src/lockout/user/unlock.ts";
import { checkDatabase } from "../../src/store/maintenance.ts";
import { openPostgresStore } from "../../src/store/postgres/store.ts";
import type { Store } from "../../src/store/store.ts";
import { userSubject } from "../../src/store/users.ts";
import { usePostgres } from "../support/use-postgres.ts";

// Three nodes do everything to the same few users, names and aliases: what they meet in must be refusals of the domain, and what
// they leave must be what the events come to.

const commandsOfNode = 500;
const atOnce = 20;
const api = { version: "v2", authorise: () => undefined } as const;
const outcomes = ["failed", "succeeded", "not_a_guess"] as const;

const postgres = usePostgres();

const below = (limit: number) => Math.floor(Math.random() * limit);

/** A command on somebody, of whichever kind. */
async function act(store: Store, orgId: string, open: string[]): Promise<void> {
  const key = { orgId, userId: `user ${below(6)}` };
  const alias = () => `alias ${below(8)}`;
  const subject =
    below(2) === 0
      ? { kind: "user" as const, ...key }
      : { kind: "name" as const, orgId, foldedName: alias() };
  const outcome = outcomes[below(3)] ?? "failed";
  const commands: (() => Promise<unknown>)[] = [
    async () => {
      // Some expire at once.
      const command = { factor: "password", client: {} } as const;
      const ttlMs = below(2) === 0 ? 1 : 60_000;
      const { attempt } = await store.beginAttempt(
        subject,
        "e",
        (view, attemptId) =>
          beginAttempt(view, { ...command, attemptId, ttlMs }),
      );
      open.push(attempt?.id ?? "");
    },
    () =>
      store.completeAttempt(orgId, open.shift() ?? "", "e", (view, attempt) =>
        completeAttempt(view, attempt, outcome),
      ),
    () =>
      store.reportAttempt(subject, "e", (view) =>
        reportAttempt(view, "totp", {}, outcome),
      ),
    () =>
      store.putUser(
        key,
        [...new Set([alias(), alias()])].map((name) => ({
          name,
          folded: name,
        })),
        "e",
        putUser(below(4) === 0 ? "locked" : undefined),
      ),
    () => store.deleteUser(key, "e"),
    () => store.changeUser(key, "e", lockUser(api)),
    () => store.changeUser(key, "e", unlockUser(api)),
    () => store.changeUser(key, "e", recordPasswordChange),
    () => store.findLockout(userSubject(key)),
    () => store.listLocked({ orgId }, {}, { size: 3, after: undefined }),
    () => store.settleAttempts(10),
    () =>
      store.changePolicy({ kind: "org", orgId }, "e", (current) =>
        current.own.numbers === undefined
          ? addOrgPolicy(orgId, {
              maxPasswordAttempts: 1 + below(4),
              maxOtpAttempts: below(3),
            })(current)
          : resetOrgPolicy(orgId)(current),
      ),
  ];
  await commands[below(commands.length)]?.();
}

it("three nodes that meet at the same users leave what the events come to", async () => {
  const database = await postgres.createDatabase();
  const nodes = await Promise.all(
    [1, 2, 3].map(() =>
      openPostgresStore({ url: database.url, exclusive: true }),
    ),
  );
  const [first] = nodes;
  if (first === undefined) {
    throw new Error("there are no nodes");
  }
  const { firstOrgId } = await first.initialise({
    orgName: "o",
    policy: createDefaultPolicy({ maxPasswordAttempts: 4, maxOtpAttempts: 3 }),
    token: {
      hash: new Uint8Array(32),
      name: "t",
      roles: [],
      expirationDate: undefined,
    },
  });
  const open: string[] = [];
  const faults: unknown[] = [];
  const work = async (node: Store) => {
    for (let done = 0; done < commandsOfNode / atOnce; done += 1) {
      try {
        await act(node, firstOrgId, open);
      } catch (error) {
        if (!(error instanceof LockoutError)) {
          faults.push(error);
        }
      }
    }
  };
  await Promise.all(
    nodes.flatMap((node) => Array.from({ length: atOnce }, () => work(node))),
  );
  for (const node of nodes) {
    await node.close();
  }

  expect(faults).toEqual([]);
  const report = await checkDatabase(database.url);
  expect(report).toMatchObject({ problems: [] });
  expect(report.events).toBeGreaterThan(100);
  await database.drop();
});
