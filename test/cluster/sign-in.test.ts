import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { messageOf } from "../cases/situation.ts";
import { openDoor } from "../support/protocol-variants.ts";
import type { Door } from "../support/protocol-variants.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import type { PostgresServer } from "../support/postgres-server.ts";
import { basic, signInAt, statusOf, tokenOf } from "../support/sign-in.ts";
import type { Program } from "../support/sign-in.ts";
import { clusterToken, startNode } from "./nodes.ts";
import type { ClusterNode } from "./nodes.ts";

// Three nodes on one PostgreSQL: two give JWTs, one gives opaque tokens, and all take both.

let postgres: PostgresServer;
let nodes: readonly ClusterNode[] = [];
const nodeAt = (place: number): ClusterNode => {
  const node = nodes[place % nodes.length];
  if (node === undefined) {
    throw new Error("there are no nodes");
  }
  return node;
};
const signIns = [0, 1, 2].map((place) =>
  signInAt(() => ({
    ...{ url: nodeAt(place).url, adminToken: clusterToken, now: Date.now },
  })),
);
const [first] = signIns;
if (first === undefined) {
  throw new Error("there are no nodes");
}
const { makeProgram } = first;

beforeAll(async () => {
  postgres = await startPostgresServer();
  await postgres.query("CREATE DATABASE cluster");
  const database = postgres.url("cluster");
  const jwt = ["--access-token-type", "jwt"];
  // At once, on a database without tables: each makes a signing key.
  nodes = await Promise.all(
    [jwt, jwt, []].map((flags) => startNode(database, flags)),
  );
});

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop("SIGKILL")));
  await postgres.remove();
});

interface SecretEvent {
  readonly type: { readonly type: string };
  readonly payload: { readonly failedAttempts: number };
}

const admin = { token: clusterToken };
const access = AccessService.method;
const management = ManagementService.method;

/** Tokens that each node has given, by the key and by the secret. */
async function tokensOf(program: Program) {
  const get = async (way: "key" | "secret") =>
    Promise.all(
      signIns.map(({ byAssertion, byBasic, assertionOf }) =>
        tokenOf(
          way === "key" ? byAssertion(assertionOf(program)) : byBasic(program),
        ),
      ),
    );
  return { key: await get("key"), secret: await get("secret") };
}

/** What every node says to each of the tokens: one status, where all say the same. */
async function statusesOf(tokens: readonly string[]) {
  const all = await Promise.all(
    nodes.flatMap(({ url }) => tokens.map((token) => statusOf(url, token))),
  );
  return [...new Set(all)];
}

/** Personal access tokens of an account, made at each node. */
async function personalTokensOf({ userId }: Program) {
  const made = await Promise.all(
    nodes.map(({ url }) =>
      openDoor(url, "Connect JSON").call(
        management.addPersonalAccessToken,
        { userId },
        admin,
      ),
    ),
  );
  return made.map(
    (answer) =>
      messageOf(answer) as {
        readonly token: string;
        readonly tokenId: string;
      },
  );
}

/** Changes something at a node. */
async function change(
  place: number,
  ...call: Parameters<Door["call"]>
): Promise<void> {
  const door = openDoor(nodeAt(place).url, "Connect JSON");
  expect(await door.call(...call)).toMatchObject({ ok: true });
}

describe("on three nodes, at the next call on each", () => {
  it.each([0, 1, 2])(
    "tokens end with the account, its lock, key and secret, and have its roles, when node %i changes them",
    async (place) => {
      const program = await makeProgram();
      const { userId, keyId } = program;
      const { key, secret } = await tokensOf(program);
      const made = await personalTokensOf(program);
      const personal = made.map(({ token }) => token);
      const all = [...key, ...secret, ...personal];
      expect(await statusesOf(all)).toEqual([200]);

      const roles = (names: readonly string[]) =>
        change(
          place,
          access.updateServiceAccount,
          { userId, roles: [...names] },
          admin,
        );
      await roles(["IAM_USER_MANAGER"]);
      expect(await statusesOf(all)).toEqual([403]);
      await roles(["IAM_OWNER"]);
      expect(await statusesOf(all)).toEqual([200]);

      await change(place, management.lockUser, { id: userId }, admin);
      expect(await statusesOf(all)).toEqual([401]);
      await change(place, management.unlockUser, { id: userId }, admin);
      expect(await statusesOf(all)).toEqual([200]);

      await change(place, access.removeKey, { userId, keyId }, admin);
      expect(await statusesOf(key)).toEqual([401]);
      expect(await statusesOf(secret)).toEqual([200]);
      await change(place, access.setSecret, { userId }, admin);
      expect(await statusesOf(secret)).toEqual([200]);
      await change(place, access.removeSecret, { userId }, admin);
      expect(await statusesOf(secret)).toEqual([401]);
      expect(await statusesOf(personal)).toEqual([200]);
      for (const [removed, { token, tokenId }] of made.entries()) {
        await change(
          place,
          management.removePersonalAccessToken,
          { userId, tokenId },
          admin,
        );
        expect(await statusesOf([token])).toEqual([401]);
        const left = personal.slice(removed + 1);
        expect(await statusesOf(left)).toEqual(left.length === 0 ? [] : [200]);
      }

      const another = await makeProgram();
      const more = await tokensOf(another);
      const [last] = await personalTokensOf(another);
      await change(
        place,
        access.deleteServiceAccount,
        { userId: another.userId },
        admin,
      );
      expect(
        await statusesOf([
          ...more.key,
          ...more.secret,
          ...(last === undefined ? [] : [last.token]),
        ]),
      ).toEqual([401]);
    },
  );

  it("a token that any of them revokes is none, and introspection says so", async () => {
    const program = await makeProgram();
    const own = basic(program.loginName, program.secret);
    const { key } = await tokensOf(program);
    const personal = await personalTokensOf(program);
    const all = [...key, ...personal.map(({ token }) => token)];
    for (const [place, token] of all.entries()) {
      const by = signIns[(place + 1) % signIns.length];
      const { status } = (await by?.post(
        "/oauth/v2/revoke",
        { token },
        own,
      )) ?? { status: 0 };
      expect(status).toBe(200);
      expect(await statusesOf([token])).toEqual([401]);
      const asked = await Promise.all(
        signIns.map(({ post }) => post("/oauth/v2/introspect", { token }, own)),
      );
      for (const { body } of asked) {
        expect(body).toEqual({ active: false });
      }
      const left = all.slice(place + 1);
      expect(await statusesOf(left)).toEqual(left.length === 0 ? [] : [200]);
    }
  });

  it("each compares a hundred wrong secrets, of however many that come at once to all of them", async () => {
    const program = await makeProgram();
    const wrong = { ...program, secret: "x".repeat(64) };
    const answers = await Promise.all(
      signIns.flatMap(({ byBasic }) =>
        Array.from({ length: 400 }, () => byBasic(wrong)),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(
      new Set([401]),
    );
    // The right one is not compared either; keys go on.
    for (const { byBasic, byAssertion, assertionOf } of signIns) {
      expect((await byBasic(program)).status).toBe(401);
      await tokenOf(byAssertion(assertionOf(program)));
    }
    await expect
      .poll(async () => {
        const { events = [] } = messageOf(
          await openDoor(nodeAt(0).url, "Connect JSON").call(
            AdminService.method.listEvents,
            { aggregateId: program.userId, limit: 100 },
            admin,
          ),
        ) as { events?: readonly SecretEvent[] };
        return events
          .filter(({ type }) => type.type.endsWith("secret.check.failed"))
          .reduce((sum, { payload }) => sum + payload.failedAttempts, 0);
      })
      .toBe(300);
  });

  it("all have one set of keys, though all were started at once", async () => {
    const sets = await Promise.all(
      nodes.map(async ({ url }) => {
        const response = await fetch(`${url}/oauth/v2/keys`);
        return (await response.json()) as { readonly keys: unknown[] };
      }),
    );
    expect(sets[0]?.keys.length).toBeGreaterThan(0);
    expect(sets[1]).toEqual(sets[0]);
    expect(sets[2]).toEqual(sets[0]);
  });
});
