import { generateKeyPairSync, sign } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { createAuthenticate } from "../../src/auth/authenticate.ts";
import { createOpaqueAccessTokens } from "../../src/auth/access-tokens.ts";
import { createJwtBearers } from "../../src/auth/jwt-bearers.ts";
import { createSystemUsers } from "../../src/auth/system-users.ts";
import { createOutsideTokens } from "../../src/oidc/outside-tokens.ts";
import { base64url } from "../support/sign-in.ts";

// What is remembered of tokens, as the heap has it: whoever has tokens may write them in any way, and as many as he likes.

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const now = 1_800_000_000_000;
const seconds = now / 1000;
const mebibyte = 1024 * 1024;

/** How many bytes more the heap holds once this was done. */
async function heldBy(work: () => Promise<void>): Promise<number> {
  collect();
  const before = process.memoryUsage().heapUsed;
  await work();
  collect();
  return process.memoryUsage().heapUsed - before;
}

/** A header as the parser of HTTP makes one: a string of its own. */
const headerOf = (secret: string, blanks: number) =>
  Buffer.from(`Bearer${" ".repeat(blanks)}${secret}`).toString("latin1");

const noStore = {
  now: () => now,
  findToken: () => undefined,
  findAccount: () => undefined,
  isTokenRevoked: () => false,
};

test("tokens of an issuer outside hold no more than is counted, whatever their claims and headers are made of", async () => {
  const pair = generateKeyPairSync("ed25519");
  const rolesClaim = "roles";
  const key = { algorithm: "Ed25519", key: pair.publicKey } as const;
  const bearers = createJwtBearers([
    createOutsideTokens({
      ...{ issuer: "outside", audience: "here", rolesClaim },
      keys: {
        find: () => ({ ...key, alg: undefined }),
        findOther: () => undefined,
      },
      now: () => now,
      firstOrgId: () => "1",
      orgExists: () => true,
    }),
  ]);
  const authenticate = createAuthenticate(
    noStore,
    { open: () => undefined },
    () => undefined,
    bearers,
  );
  const make = (sub: string, more: object) => {
    const claims = { iss: "outside", aud: "here", exp: seconds + 60, sub };
    const input = `${base64url({ alg: "EdDSA" })}.${base64url({ ...claims, ...more })}`;
    return `${input}.${sign(null, Buffer.from(input), pair.privateKey).toString("base64url")}`;
  };
  const kinds: Readonly<Record<string, object>> = {
    "objects without end": { x: Array.from({ length: 1900 }, () => ({})) },
    "names of fields": Object.fromEntries(
      Array.from({ length: 500 }, (_each, at) => [`${at}`, 0.5]),
    ),
    organisations: {
      [rolesClaim]: {
        ORG_OWNER: Object.fromEntries(
          Array.from({ length: 700 }, (_each, at) => [`${at}`, 0]),
        ),
      },
    },
    nothing: {},
  };
  for (const [kind, claims] of Object.entries(kinds)) {
    const held = await heldBy(async () => {
      for (let at = 0; at < 500; at += 1) {
        const token = make(`${kind} ${at}`, claims);
        await authenticate(headerOf(token, 16_000));
      }
    });
    expect(held, kind).toBeLessThan(6 * mebibyte);
  }
  // It remembers them still.
  expect((await authenticate(headerOf(make("last", {}), 1))).name).toBe("last");
});

test("tokens of system users and access tokens do not either", async () => {
  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const publicKey = pair.publicKey.export({ type: "spki", format: "der" });
  const bearers = createJwtBearers([
    createSystemUsers({
      users: [{ name: "ops", publicKey, roles: ["IAM_OWNER"] }],
      isOwnIssuer: () => true,
      now: () => now,
      firstOrgId: () => "1",
    }),
  ]);
  const opaque = createOpaqueAccessTokens(
    () => new Uint8Array(32),
    () => now,
  );
  const state = { type: "active", lock: undefined } as const;
  const account = {
    ...{ id: "7", orgId: "1", loginName: "program", name: "", roles: [] },
    ...{ keyIds: ["1"], secret: undefined, hasRevokedTokens: false },
    description: "",
    state: { account: "active", lock: undefined },
    ...state,
  };
  const authenticate = createAuthenticate(
    { ...noStore, findAccount: () => account as never },
    opaque,
    () => undefined,
    bearers,
  );
  const byUser = await heldBy(async () => {
    for (let at = 0; at < 250; at += 1) {
      const claims = { iss: "ops", sub: "ops", aud: "x", iat: seconds, at };
      const filling = Array.from({ length: 1850 }, () => ({}));
      const input = `${base64url({ alg: "RS256" })}.${base64url({ ...claims, exp: seconds + 60, filling })}`;
      const signature = sign("sha256", Buffer.from(input), pair.privateKey);
      const token = `${input}.${signature.toString("base64url")}`;
      await authenticate(headerOf(token, 16_000));
    }
  });
  expect(byUser).toBeLessThan(6 * mebibyte);
  const byAccount = await heldBy(async () => {
    for (let at = 0; at < 1000; at += 1) {
      const token = opaque.seal({
        ...{ id: `${at}`, accountId: "7", gotBy: "key", gotById: "1" },
        ...{ issued: seconds, expires: seconds + 60, scope: "" },
      });
      await authenticate(headerOf(token, 16_000));
    }
  });
  // They are remembered twice: by their headers, and by themselves.
  expect(byAccount).toBeLessThan(10 * mebibyte);
});
