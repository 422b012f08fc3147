import { generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { base64url, statusOf } from "../support/sign-in.ts";
import { messageOf } from "./situation.ts";

// Those whom the operator names with a public key, and who sign each token themselves.

let server: TestServer;
const rsa = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
const keys = { ops: rsa(), viewer: rsa() };
const der = (key: KeyObject) => key.export({ type: "spki", format: "der" });

beforeAll(async () => {
  server = await startTestServer({
    systemUsers: [
      {
        ...{ name: "ops", roles: ["IAM_OWNER"] },
        publicKey: der(keys.ops.publicKey),
      },
      {
        ...{ name: "viewer", roles: ["IAM_OWNER_VIEWER"] },
        publicKey: der(keys.viewer.publicKey),
      },
    ],
  });
});

afterAll(async () => {
  await server.close();
});

const seconds = () => Math.floor(server.now() / 1000);

function tokenOf(
  name: keyof typeof keys,
  claims: object = {},
  header: object = {},
  by = keys[name].privateKey,
): string {
  const head = base64url({ alg: "RS256", ...header });
  const body = base64url({
    ...{ iss: name, sub: name, aud: server.url },
    ...{ iat: seconds(), exp: seconds() + 3600, ...claims },
  });
  const input = `${head}.${body}`;
  const signature = sign("sha256", Buffer.from(input), by);
  return `${input}.${signature.toString("base64url")}`;
}

const status = (token: string) => statusOf(server.url, token);

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    it("a system user calls with the roles that it has", async () => {
      const door = openDoor(server.url, doorName);
      const token = tokenOf("viewer");
      const { getCaller } = AccessService.method;
      expect(
        messageOf(await door.call(getCaller, {}, { token })),
      ).toMatchObject({ id: "viewer", name: "viewer" });
      const { getLockoutPolicy, updateLockoutPolicy } = AdminService.method;
      expect(await door.call(getLockoutPolicy, {}, { token })).toMatchObject({
        ok: true,
      });
      expect(
        await door.call(
          updateLockoutPolicy,
          { maxPasswordAttempts: 3 },
          { token },
        ),
      ).toMatchObject({ ok: false, details: [{ id: "AUTH-5mWD2" }] });
    });
  },
);

describe("a token of a system user", () => {
  it("is taken for every host of the server, and as long as it is an hour old at most", async () => {
    const { port } = server;
    for (const aud of [
      server.url,
      [server.url, "x"],
      `http://localhost:${port}`,
      `http://LOCALHOST:${port}`,
    ]) {
      expect(await status(tokenOf("ops", { aud }))).toBe(200);
    }
    for (const claims of [
      { iat: seconds() - 3590 },
      { nbf: seconds() },
      { exp: seconds() + 90_000 },
      { exp: 1e300 },
    ]) {
      expect(await status(tokenOf("ops", claims))).toBe(200);
    }
    const door = openDoor(server.url, "Connect JSON");
    expect(
      await door.call(
        AccessService.method.getCaller,
        {},
        { token: tokenOf("ops", { exp: 1e300 }) },
      ),
    ).toMatchObject({ ok: true });
    const token = tokenOf("ops", { exp: seconds() + 90_000 });
    expect(await status(token)).toBe(200);
    server.advance(3_602_000);
    expect(await status(token)).toBe(401);
    expect(await status(tokenOf("ops"))).toBe(200);
  });

  it("is refused where anything about it is wrong", async () => {
    const now = seconds();
    const stranger = rsa();
    const rows: Readonly<Record<string, string>> = {
      "another issuer": tokenOf("ops", { iss: "viewer" }),
      "another subject": tokenOf("ops", { sub: "viewer" }),
      "no subject": tokenOf("ops", { sub: undefined }),
      "an unknown one": tokenOf("ops", { iss: "nobody", sub: "nobody" }),
      "the key of another": tokenOf("ops", {}, {}, keys.viewer.privateKey),
      "a stranger's key": tokenOf("ops", {}, {}, stranger.privateKey),
      "a key in the header": tokenOf(
        "ops",
        {},
        { jwk: stranger.publicKey.export({ format: "jwk" }) },
        stranger.privateKey,
      ),
      "another host": tokenOf("ops", { aud: "http://example.com" }),
      "another scheme": tokenOf("ops", {
        aud: server.url.replace("http", "https"),
      }),
      "a part of the issuer": tokenOf("ops", { aud: `${server.url}/x` }),
      "no audience": tokenOf("ops", { aud: undefined }),
      "an audience that is no text": tokenOf("ops", { aud: [7, null] }),
      "too old": tokenOf("ops", { iat: now - 3660 }),
      "no iat": tokenOf("ops", { iat: undefined }),
      "from the future": tokenOf("ops", { iat: now + 60 }),
      "nbf in the future": tokenOf("ops", { nbf: now + 60 }),
      "an end that has passed": tokenOf("ops", { exp: now - 60 }),
      "no end": tokenOf("ops", { exp: undefined }),
      "alg none": `${base64url({ alg: "none" })}.${tokenOf("ops").split(".")[1]}.`,
      "another algorithm": tokenOf("ops", {}, { alg: "ES256" }),
      crit: tokenOf("ops", {}, { crit: ["exp"] }),
      oversized: tokenOf("ops", { x: "x".repeat(10_000) }),
    };
    for (const [name, token] of Object.entries(rows)) {
      expect(await status(token), name).toBe(401);
    }
    expect(await status(tokenOf("ops"))).toBe(200);
  });
});
