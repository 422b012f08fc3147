import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from "node:crypto";
import type { JsonWebKey } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { base64url, signInAt, tokenOf } from "../support/sign-in.ts";
import { describeSignIn } from "./sign-in-cases.ts";

describeSignIn("jwt");

describe("an access token as a JWT", () => {
  let server: TestServer;
  const { makeProgram, byBasic, byAssertion, assertionOf, statusOf } = signInAt(
    () => server,
  );

  beforeAll(async () => {
    server = await startTestServer({ accessTokenType: "jwt" });
  });

  afterAll(async () => {
    await server.close();
  });

  const readKeys = async () => {
    const response = await fetch(`${server.url}/oauth/v2/keys`);
    const { keys } = (await response.json()) as {
      keys: readonly (JsonWebKey & { readonly kid: string })[];
    };
    return keys;
  };
  const read = (part = "") =>
    JSON.parse(Buffer.from(part, "base64url").toString()) as Record<
      string,
      unknown
    >;

  it("is verified by anybody who has read the keys, which have no private part", async () => {
    const program = await makeProgram(["ORG_OWNER"]);
    const token = await tokenOf(byAssertion(assertionOf(program)));
    const [head, body, signature = ""] = token.split(".");
    const keys = await readKeys();
    expect(Object.keys(keys[0] ?? {}).toSorted()).toEqual(
      ["alg", "e", "kid", "kty", "n", "use"].toSorted(),
    );
    const header = read(head);
    expect(header).toEqual({
      ...{ alg: "RS256", typ: "at+jwt" },
      kid: expect.any(String) as string,
    });
    const jwk = keys.find(({ kid }) => kid === header["kid"]);
    expect(
      verify(
        "sha256",
        Buffer.from(`${head}.${body}`),
        createPublicKey({ key: jwk ?? {}, format: "jwk" }),
        Buffer.from(signature, "base64url"),
      ),
    ).toBe(true);
    const now = Math.floor(server.now() / 1000);
    const claims = read(body);
    expect(claims).toMatchObject({
      ...{ iss: server.url, aud: [server.url], sub: program.userId },
      ...{ client_id: program.loginName, nbf: claims["iat"] },
      jti: expect.any(String) as string,
      "urn:zitadel:iam:org:project:roles": {
        ORG_OWNER: { [server.firstOrgId]: server.firstOrgId },
      },
      "urn:lockoutd:key:id": program.keyId,
    });
    expect(Math.abs(Number(claims["iat"]) - now)).toBeLessThan(60);
    expect(Number(claims["exp"]) - Number(claims["iat"])).toBe(43_200);
  });

  it("is refused where anybody else has made it", async () => {
    const token = await tokenOf(byBasic(await makeProgram()));
    expect(await statusOf(token)).toBe(200);
    const [head = "", body = "", signature = ""] = token.split(".");
    const [jwk] = await readKeys();
    const publicKey = createPublicKey({ key: jwk ?? {}, format: "jwk" });
    const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const strangerJwk = stranger.publicKey.export({ format: "jwk" });
    const header = read(head);
    const byStranger = (input: string) =>
      sign("sha256", Buffer.from(input), stranger.privateKey);
    const byHmac = (secret: string | Buffer) => (input: string) =>
      createHmac("sha256", secret).update(input).digest();
    const spki = { type: "spki", format: "pem" } as const;
    const der = { type: "spki", format: "der" } as const;
    const forged: Readonly<
      Record<string, readonly [object, (input: string) => Buffer]>
    > = {
      "alg none": [{ alg: "none" }, () => Buffer.alloc(0)],
      "alg None": [{ alg: "None" }, () => Buffer.alloc(0)],
      "HS256 with the PEM": [
        { alg: "HS256" },
        byHmac(publicKey.export(spki).toString()),
      ],
      "HS256 with the DER": [{ alg: "HS256" }, byHmac(publicKey.export(der))],
      "HS256 with the modulus": [
        { alg: "HS256" },
        byHmac(Buffer.from(jwk?.n ?? "", "base64url")),
      ],
      "a stranger's key": [{}, byStranger],
      "a key in the header": [{ jwk: strangerJwk }, byStranger],
      "a key elsewhere": [{ jku: "http://127.0.0.1:1/" }, byStranger],
      "another key's id": [{ kid: "another" }, byStranger],
      "no key's id": [{ kid: undefined }, byStranger],
      "what is not known here": [
        { crit: ["exp"] },
        () => Buffer.from(signature, "base64url"),
      ],
    };
    for (const [name, [change, signed]] of Object.entries(forged)) {
      const input = `${base64url({ ...header, ...change })}.${body}`;
      const text = `${input}.${signed(input).toString("base64url")}`;
      expect(await statusOf(text), name).toBe(401);
    }
    const claims = read(body);
    const other = base64url({ ...claims, exp: Number(claims["exp"]) + 1 });
    expect(await statusOf(`${head}.${other}.${signature}`)).toBe(401);
    expect(await statusOf(`${head}.${body}.`)).toBe(401);
    // An assertion, or what a client got elsewhere, is no access token.
    expect(await statusOf(assertionOf(await makeProgram()))).toBe(401);
    expect(await statusOf(token)).toBe(200);
  });
});
