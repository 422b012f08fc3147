import { createHmac, sign } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { messageOf } from "../cases/situation.ts";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { base64url, statusOf } from "../support/sign-in.ts";
import {
  apiAudience,
  makeIssuerKey,
  providerOf,
  providerToken,
  startWeb,
} from "./issuer.ts";
import type { IssuerTestKey, TestWeb } from "./issuer.ts";

// Tokens of a real provider of OpenID Connect, and what a stranger makes of them.

const rolesClaim = "urn:zitadel:iam:org:project:roles";

let web: TestWeb;
let server: TestServer;
let key: IssuerTestKey;
/** Milliseconds of the clock by which keys are read again. */
let stopwatch = 0;
let roles: unknown;

const minute = 60_000;
const serveKeys = (...keys: readonly IssuerTestKey[]) =>
  web.serve(
    providerOf(web.url, keys, () => ({
      ...(roles !== undefined && { [rolesClaim]: roles }),
    })),
  );
const owner = () => ({ IAM_OWNER: { "1": "example.com" } });
const tokenWith = (given: unknown) => {
  roles = given;
  return providerToken(web.url);
};
const status = (token: string) => statusOf(server.url, token);

beforeAll(async () => {
  web = await startWeb();
  key = makeIssuerKey();
  await serveKeys(key);
  server = await startTestServer(
    {
      oidc: {
        ...{ issuer: web.url, audience: apiAudience },
        ...{ rolesClaim, allowPrivate: true },
      },
    },
    { stopwatch: () => stopwatch },
  );
});

afterAll(async () => {
  await server.close();
  await web.close();
});

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    it("a token of the issuer calls with its roles", async () => {
      const token = await tokenWith({
        ORG_OWNER: { [server.firstOrgId]: "x", "404": "y" },
      });
      const door = openDoor(server.url, doorName);
      const { getLockoutPolicy } = ManagementService.method;
      const orgId = server.firstOrgId;
      expect(
        await door.call(getLockoutPolicy, {}, { token, orgId }),
      ).toMatchObject({ ok: true });
      expect(
        messageOf(
          await door.call(AccessService.method.getCaller, {}, { token, orgId }),
        ),
      ).toMatchObject({ id: "oidc:login-page", name: "login-page" });
    });

    it("nobody is let in while the issuer is away", async () => {
      const token = await tokenWith(owner());
      const door = openDoor(server.url, doorName);
      const call = () =>
        door.call(ManagementService.method.getLockoutPolicy, {}, { token });
      expect(await call()).toMatchObject({ ok: true });
      await web.serve(undefined);
      stopwatch += 5 * minute;
      expect(await call()).toMatchObject({
        ok: false,
        details: [{ id: "LOCKOUTD-sgn01" }],
      });
      await serveKeys(key);
      stopwatch += 5000;
      expect(await call()).toMatchObject({ ok: true });
    });
  },
);

describe("a token of the issuer", () => {
  it("has the roles that its claim gives, each where it holds", async () => {
    const other = openDoor(server.url, "Connect JSON");
    const { organizationId } = messageOf(
      await other.call(
        AccessService.method.createOrganization,
        { name: "another" },
        { token: server.adminToken },
      ),
    ) as { organizationId: string };
    const inOrg = async (token: string, org?: string) => {
      const response = await fetch(
        `${server.url}/management/v1/policies/lockout`,
        {
          headers: {
            authorization: `Bearer ${token}`,
            ...(org !== undefined && { "x-zitadel-orgid": org }),
          },
        },
      );
      await response.body?.cancel();
      return response.status;
    };
    const first = server.firstOrgId;
    const one = await tokenWith({ ORG_OWNER: { [organizationId]: "x" } });
    // Where there is one organisation alone, it need not be named.
    expect(await inOrg(one)).toBe(200);
    expect(await inOrg(one, organizationId)).toBe(200);
    expect(await inOrg(one, first)).toBe(404);
    expect(await status(one)).toBe(403);
    const several = await tokenWith({
      ORG_OWNER: { [organizationId]: "x" },
      ORG_SETTINGS_MANAGER: { [first]: "y", constructor: "z" },
      UNKNOWN: { [first]: "y" },
      constructor: { [first]: "y" },
    });
    expect(await inOrg(several, organizationId)).toBe(200);
    expect(await inOrg(several, first)).toBe(200);
    const everywhere = await tokenWith(owner());
    expect(await inOrg(everywhere, first)).toBe(200);
    expect(await inOrg(everywhere, organizationId)).toBe(200);
    expect(await status(everywhere)).toBe(200);
    // A list has no organisations.
    expect(await status(await tokenWith(["IAM_OWNER"]))).toBe(200);
    expect(await inOrg(await tokenWith(["ORG_OWNER"]), first)).toBe(404);
    for (const nothing of [undefined, null, "IAM_OWNER", 7, {}, [null]]) {
      expect(await status(await tokenWith(nothing))).toBe(404);
    }
  });

  it("is taken once the key is read that is new, and refused once the old one is gone", async () => {
    const before = await tokenWith(owner());
    expect(await status(before)).toBe(200);
    const next = makeIssuerKey();
    await serveKeys(next, key);
    const after = await tokenWith(owner());
    stopwatch += 5 * minute;
    expect(await status(before)).toBe(200);
    const third = makeIssuerKey();
    await serveKeys(third);
    const last = await tokenWith(owner());
    // They were read just now.
    expect(await status(last)).toBe(503);
    stopwatch += 5000;
    expect(await status(last)).toBe(200);
    stopwatch += 5000;
    expect(await status(after)).toBe(401);
    stopwatch += 5000;
    expect(await status(before)).toBe(401);
    await serveKeys(key);
    stopwatch += 5 * minute;
    expect(await status(before)).toBe(200);
    stopwatch += 5000;
    expect(await status(last)).toBe(401);
  });

  it("is taken without a key id once the one key is read that has replaced another", async () => {
    await serveKeys(key);
    stopwatch += 5 * minute;
    const withoutKid = async (by: IssuerTestKey) => {
      const [, body = ""] = (await tokenWith(owner())).split(".");
      const head = Buffer.from(`{"alg":"RS256"}`).toString("base64url");
      const signature = sign(
        "sha256",
        Buffer.from(`${head}.${body}`),
        by.privateKey,
      );
      return `${head}.${body}.${signature.toString("base64url")}`;
    };
    const before = await withoutKid(key);
    expect(await status(before)).toBe(200);
    const next = makeIssuerKey();
    await serveKeys(next);
    const after = await withoutKid(next);
    expect(await status(after)).toBe(503);
    stopwatch += 5000;
    expect(await status(after)).toBe(200);
    stopwatch += 5000;
    expect(await status(before)).toBe(401);
    await serveKeys(key);
    stopwatch += 5 * minute;
  });

  it("is refused for another audience, and where anybody else has made it", async () => {
    const token = await tokenWith(owner());
    expect(await status(token)).toBe(200);
    roles = owner();
    const elsewhere = await providerToken(web.url, "https://elsewhere.example");
    expect(await status(elsewhere)).toBe(401);
    const [head = "", body = ""] = token.split(".");
    const read = (part: string) =>
      JSON.parse(Buffer.from(part, "base64url").toString()) as object;
    const stranger = makeIssuerKey(key.jwk.kid);
    const rs = (by: IssuerTestKey) => (input: string) =>
      sign("sha256", Buffer.from(input), by.privateKey);
    const hs = (secret: string | Buffer) => (input: string) =>
      createHmac("sha256", secret).update(input).digest();
    const spki = (format: "pem" | "der") =>
      key.publicKey.export({ type: "spki", format } as {
        type: "spki";
        format: "pem";
      });
    const seconds = Math.floor(server.now() / 1000);
    const make = (
      header: object,
      claims: object,
      signed: (input: string) => Buffer,
    ) => {
      const input = `${base64url({ ...read(head), ...header })}.${base64url({ ...read(body), ...claims })}`;
      return `${input}.${signed(input).toString("base64url")}`;
    };
    const right = rs(key);
    const rows: Readonly<Record<string, string>> = {
      "alg none": make({ alg: "none" }, {}, () => Buffer.alloc(0)),
      "HS256 with the PEM": make({ alg: "HS256" }, {}, hs(spki("pem"))),
      "HS256 with the DER": make({ alg: "HS256" }, {}, hs(spki("der"))),
      "HS256 with the modulus": make(
        { alg: "HS256" },
        {},
        hs(Buffer.from(key.jwk.n ?? "", "base64url")),
      ),
      "another algorithm than the key is for": make(
        { alg: "PS256" },
        {},
        right,
      ),
      "a stranger's key of the same id": make({}, {}, rs(stranger)),
      "a key in the header": make(
        { jwk: stranger.publicKey.export({ format: "jwk" }) },
        {},
        rs(stranger),
      ),
      "a key that is not there": make({ kid: "another" }, {}, right),
      "a kid that is no text": make({ kid: 7 }, {}, right),
      crit: make({ crit: ["exp"] }, {}, right),
      "another kind of token": make({ typ: "logout+jwt" }, {}, right),
      "another issuer": make({}, { iss: "https://example.com" }, right),
      "another audience": make({}, { aud: ["x"] }, right),
      "no audience": make({}, { aud: undefined }, right),
      "no end": make({}, { exp: undefined }, right),
      "an end that has passed": make({}, { exp: seconds - 60 }, right),
      "nbf in the future": make({}, { nbf: seconds + 60 }, right),
      "iat in the future": make({}, { iat: seconds + 60 }, right),
      "no subject": make({}, { sub: undefined }, right),
      "an empty subject": make({}, { sub: "" }, right),
      "a long subject": make({}, { sub: "x".repeat(201) }, right),
      "a subject with a line break": make({}, { sub: "a\nb" }, right),
      "half a surrogate pair in the subject": make(
        ...([{}, { sub: "a\ud800" }, right] as const),
      ),
      oversized: make({}, { x: "x".repeat(10_000) }, right),
    };
    for (const [name, forged] of Object.entries(rows)) {
      stopwatch += 5000;
      expect(await status(forged), name).toBe(401);
    }
    // Others' libraries write these.
    for (const [header, claims] of [
      [{ typ: "JWT" }, {}],
      [{ typ: undefined }, { aud: [apiAudience, "x"] }],
      [{ kid: undefined }, { iat: undefined, nbf: seconds }],
    ] as const) {
      expect(await status(make(header, claims, right))).toBe(200);
    }
    // It ends by itself, also where it was verified before.
    const short = make({}, { exp: seconds + 100 }, right);
    expect(await status(short)).toBe(200);
    server.advance(102_000);
    expect(await status(short)).toBe(401);
  });
});
