import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
} from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { openDoor } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { basic, jwtBearer, signInAt, tokenOf } from "../support/sign-in.ts";
import type { AssertionParts, Posted, Program } from "../support/sign-in.ts";
import { messageOf } from "./situation.ts";

// What is refused at the endpoints of the sign-in, and what clients send that looks wrong and is not.

let server: TestServer;
let program: Program;
let other: Program;
const programs = signInAt(() => server);
const { post, assertionOf, byAssertion, seconds } = programs;

beforeAll(async () => {
  server = await startTestServer();
  program = await programs.makeProgram();
  other = await programs.makeProgram();
});

afterAll(async () => {
  await server.close();
});

const tokenPath = "/oauth/v2/token";
const credentials = { grant_type: "client_credentials" };
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const hour = 3600;

const expectRefused = (
  name: string,
  { status, headers, body }: Posted,
  error: string,
) => {
  expect(body, name).toEqual({
    error,
    error_description: expect.any(String) as string,
  });
  const isUnknown = error === "invalid_client";
  expect(status, name).toBe(isUnknown ? 401 : 400);
  expect(headers.get("cache-control"), name).toBe("no-store");
  expect(headers.get("www-authenticate"), name).toEqual(
    isUnknown ? expect.stringMatching(/^Basic /) : null,
  );
};

type Send = () => Promise<Posted>;
type Rows = Readonly<Record<string, readonly [Send, string]>>;

const expectRows = async (rows: Rows) => {
  for (const [name, [send, error]] of Object.entries(rows)) {
    expectRefused(name, await send(), error);
  }
};

describe("the token endpoint refuses", () => {
  it("a form that is malformed, or asks for what is not granted", async () => {
    const { loginName: client_id, secret: client_secret } = program;
    const form = "application/x-www-form-urlencoded";
    const right = new URLSearchParams({
      ...{ ...credentials, client_id, client_secret },
    }).toString();
    const send = (
      fields: Parameters<typeof post>[1],
      headers?: Readonly<Record<string, string>>,
    ) => [() => post(tokenPath, fields, headers), "invalid_request"] as const;
    await expectRows({
      "no body": send(""),
      "no grant type": send({ assertion: assertionOf(program) }),
      "an empty grant type": send({ grant_type: "", client_id, client_secret }),
      "no assertion": send({ grant_type: jwtBearer }),
      "an empty assertion": send({ grant_type: jwtBearer, assertion: "" }),
      "another grant": [
        () => post(tokenPath, { grant_type: "authorization_code" }),
        "unsupported_grant_type",
      ],
      "a grant in capitals": [
        () => post(tokenPath, { grant_type: "CLIENT_CREDENTIALS" }),
        "unsupported_grant_type",
      ],
      "a field twice": send(`${right}&scope=a&scope=b`),
      "an empty field twice": send(`${right}&scope=&scope=`),
      "a field twice, once encoded": send(`${right}&scope=a&s%63ope=b`),
      "the grant type twice": send(`${right}&grant_type=client_credentials`),
      "JSON of that type": send(JSON.stringify(credentials)),
      JSON: send(JSON.stringify(credentials), {
        "content-type": "application/json",
      }),
      "a form of several parts": send("--x--", {
        "content-type": "multipart/form-data; boundary=x",
      }),
      "no type of content": send(right, { "content-type": "" }),
      "a compressed form": send(right, { "content-encoding": "gzip" }),
      "a malformed escape": send("grant_type=%zz"),
      "an escape that is not UTF-8": send("grant_type=%ff"),
      "a form too long": send({ ...credentials, x: "x".repeat(17_000) }),
      "many fields": send(
        Array.from({ length: 200 }, (_each, at) => `f${at}=`).join("&"),
      ),
    });
    for (const type of [
      `${form}; charset=utf-8`,
      `${form};charset=UTF-8`,
      form.toUpperCase(),
    ]) {
      await tokenOf(post(tokenPath, right, { "content-type": type }));
    }
    for (const method of ["GET", "PUT", "DELETE"]) {
      const response = await fetch(`${server.url}${tokenPath}`, { method });
      expect(response.status).toBe(405);
    }
  });

  it("an assertion that is none with invalid_request, and one of which anything is wrong with invalid_grant", async () => {
    const now = seconds();
    const spki = { type: "spki", format: "pem" } as const;
    const publicKey = createPublicKey(createPrivateKey(program.key));
    const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const hs = (secret: string | Buffer) => (input: Buffer) =>
      createHmac("sha256", secret).update(input).digest();
    const unreadable: Readonly<Record<string, string>> = {
      "no dots": "nothing",
      "two parts": "e30.e30",
      "four parts": `${assertionOf(program)}.AA`,
      "five parts, as if encrypted": "e30.AA.AA.AA.AA",
      "a header that is no JSON": "AAAA.e30.AA",
      "claims that are a list": "e30.W10.AA",
      "claims that are null": "e30.bnVsbA.AA",
      "another alphabet": assertionOf(program).replace(/.$/, "+"),
      padding: `${assertionOf(program)}=`,
      "a line break": `${assertionOf(program)}\n`,
      "Bearer before it": `Bearer ${assertionOf(program)}`,
      "too long": assertionOf(program, { claims: { x: "x".repeat(9000) } }),
    };
    for (const [name, assertion] of Object.entries(unreadable)) {
      expectRefused(name, await byAssertion(assertion), "invalid_request");
    }
    const wrong: Readonly<Record<string, AssertionParts>> = {
      "alg none": { header: { alg: "none" }, signed: () => Buffer.alloc(0) },
      "alg none in capitals": {
        header: { alg: "NONE" },
        signed: () => Buffer.alloc(0),
      },
      "no alg": { header: { alg: undefined } },
      "alg that is no text": { header: { alg: ["RS256"] } },
      "HMAC with the public key as its secret": {
        header: { alg: "HS256" },
        signed: hs(publicKey.export(spki).toString()),
      },
      "HMAC with the DER": {
        header: { alg: "HS256" },
        signed: hs(publicKey.export({ type: "spki", format: "der" })),
      },
      RS384: {
        header: { alg: "RS384" },
        signed: (input) => sign("sha384", input, program.key),
      },
      RS512: {
        header: { alg: "RS512" },
        signed: (input) => sign("sha512", input, program.key),
      },
      "PS256 by the name alone": { header: { alg: "PS256" } },
      "ES256 by the name alone": { header: { alg: "ES256" } },
      "EdDSA by the name alone": { header: { alg: "EdDSA" } },
      crit: { header: { crit: ["exp"] } },
      "an empty crit": { header: { crit: [] } },
      "no kid": { header: { kid: undefined } },
      "an unknown kid": { header: { kid: "nothing" } },
      "a kid that is a number": { header: { kid: Number(program.keyId) } },
      "a kid that is a path": { header: { kid: "../../dev/null" } },
      "a kid of another account": { header: { kid: other.keyId } },
      "no iss": { claims: { iss: undefined } },
      "iss is another": { claims: { iss: other.userId } },
      "no sub": { claims: { sub: undefined } },
      "sub is another": { claims: { sub: other.userId } },
      "iss and sub are another": {
        claims: { iss: other.userId, sub: other.userId },
      },
      "iss and sub are the login name": {
        claims: { iss: program.loginName, sub: program.loginName },
      },
      "iss and sub are a list": {
        claims: { iss: [program.userId], sub: [program.userId] },
      },
      nobody: { claims: { iss: "nobody", sub: "nobody" } },
      "no aud": { claims: { aud: undefined } },
      "aud is another": { claims: { aud: "http://example.com" } },
      "aud is the token endpoint": {
        claims: { aud: `${server.url}${tokenPath}` },
      },
      "aud has a slash at its end": { claims: { aud: `${server.url}/` } },
      "aud is the other name of the host": {
        claims: { aud: server.url.replace("127.0.0.1", "localhost") },
      },
      "aud is an empty list": { claims: { aud: [] } },
      "aud is an object": { claims: { aud: { [server.url]: true } } },
      "no iat": { claims: { iat: undefined } },
      "iat is a text": { claims: { iat: String(now) } },
      "iat in the future": { claims: { iat: now + 60 } },
      "iat in milliseconds": { claims: { iat: now * 1000 } },
      "iat too long ago": { claims: { iat: now - hour - 60 } },
      "no exp": { claims: { exp: undefined } },
      "exp is a text": { claims: { exp: String(now + hour) } },
      "exp passed": { claims: { exp: now - 60 } },
      "nbf in the future": { claims: { nbf: now + 60 } },
      "nbf is a text": { claims: { nbf: String(now) } },
      "another signature": { signed: () => randomBytes(256) },
      "no signature": { signed: () => Buffer.alloc(0) },
      "a stranger's signature": {
        signed: (input) => sign("sha256", input, stranger.privateKey),
      },
      "a key that the header brings": {
        header: {
          jwk: stranger.publicKey.export({ format: "jwk" }),
          ...{ jku: "http://127.0.0.1:1/keys", x5u: "http://127.0.0.1:1/x" },
        },
        signed: (input) => sign("sha256", input, stranger.privateKey),
      },
    };
    for (const [name, parts] of Object.entries(wrong)) {
      expectRefused(
        name,
        await byAssertion(assertionOf(program, parts)),
        "invalid_grant",
      );
    }
    // Within the tolerance, and in the forms that libraries write.
    const right: Readonly<Record<string, AssertionParts>> = {
      typ: { header: { typ: "JWT" } },
      "aud as a text": { claims: { aud: server.url } },
      "several aud": { claims: { aud: ["x", server.url] } },
      "almost an hour ago": { claims: { iat: now - hour + 5 } },
      "an end far away": { claims: { exp: now + 86_400 * 365 } },
      "nbf and jti": { claims: { nbf: now, jti: "1" } },
      "fractions of a second": { claims: { iat: now - 0.5, exp: now + 99.5 } },
    };
    for (const [name, parts] of Object.entries(right)) {
      const { status } = await byAssertion(assertionOf(program, parts));
      expect(status, name).toBe(200);
    }
  });

  it("assertions of the algorithms that do not fit the key, of each kind of key", async () => {
    const door = openDoor(server.url, "Connect JSON");
    const pairs = {
      "P-256": generateKeyPairSync("ec", { namedCurve: "P-256" }),
      Ed25519: generateKeyPairSync("ed25519"),
    };
    const signers = {
      ES256: (input: Buffer) =>
        sign("sha256", input, {
          key: pairs["P-256"].privateKey,
          dsaEncoding: "ieee-p1363",
        }),
      "ES256 as DER": (input: Buffer) =>
        sign("sha256", input, pairs["P-256"].privateKey),
      EdDSA: (input: Buffer) => sign(null, input, pairs.Ed25519.privateKey),
      PS256: (input: Buffer) =>
        sign("sha256", input, {
          key: program.key,
          padding: 6,
          saltLength: 32,
        }),
      RS256: (input: Buffer) => sign("sha256", input, program.key),
    };
    const keyIds: Record<string, string> = { RSA: program.keyId };
    for (const [kind, { publicKey }] of Object.entries(pairs)) {
      const added = messageOf(
        await door.call(
          AccessService.method.addKey,
          {
            userId: program.userId,
            publicKey: Buffer.from(
              publicKey.export({ type: "spki", format: "pem" }),
            ),
          },
          programs.admin(),
        ),
      ) as { key: { keyId: string } };
      keyIds[kind] = added.key.keyId;
    }
    const fits: Readonly<Record<string, string>> = {
      ...{ ES256: "P-256", EdDSA: "Ed25519", PS256: "RSA", RS256: "RSA" },
    };
    for (const [kind, kid] of Object.entries(keyIds)) {
      for (const [name, signed] of Object.entries(signers)) {
        const [alg] = name.split(" ");
        const answer = await byAssertion(
          assertionOf(program, { header: { alg, kid }, signed }),
        );
        const text = `${name} with ${kind}`;
        if (fits[name] === kind) {
          expect(answer.status, text).toBe(200);
        } else {
          expectRefused(text, answer, "invalid_grant");
        }
      }
    }
  });
});

describe("a client that shows who it is", () => {
  const introspect = "/oauth/v2/introspect";
  const revoke = "/oauth/v2/revoke";
  const percent = (text: string) =>
    text.replaceAll(
      /./g,
      (each) => `%${each.charCodeAt(0).toString(16).padStart(2, "0")}`,
    );
  /** The fields beside the client's. */
  const fieldsOf = {
    [tokenPath]: credentials,
    [introspect]: { token: "nothing" },
    [revoke]: { token: "nothing" },
  };
  const paths = [tokenPath, introspect, revoke] as const;

  it.each(paths)(
    "at %s is taken by Basic and in the body, however they are encoded",
    async (path) => {
      const fields: Readonly<Record<string, string>> = fieldsOf[path];
      const { loginName: id, secret } = program;
      const bearer = { client_id: id, client_secret: secret };
      const encoded = Buffer.from(`${id}:${secret}`).toString("base64");
      const rows: Readonly<
        Record<string, readonly [Readonly<Record<string, string>>, object]>
      > = {
        raw: [basic(id, secret), {}],
        "percent-encoded": [basic(percent(id), percent(secret)), {}],
        "in lower case": [{ authorization: `basic ${encoded}` }, {}],
        "without padding": [
          { authorization: `Basic ${encoded.replace(/=+$/, "")}` },
          {},
        ],
        "the client id in capitals": [basic(id.toUpperCase(), secret), {}],
        "in the body": [{}, bearer],
        "Basic, and the same client id in the body": [
          basic(id, secret),
          { client_id: id },
        ],
        "Basic, and an empty secret in the body": [
          basic(id, secret),
          { client_id: id, client_secret: "" },
        ],
      };
      for (const [name, [headers, more]] of Object.entries(rows)) {
        const { status } = await post(path, { ...fields, ...more }, headers);
        expect(status, name).toBe(200);
      }
      // The form's own encodings.
      const body = `${new URLSearchParams(fields).toString()}&client%5Fid=${percent(id)}&client_secret=${percent(secret)}&x=a+b&y`;
      expect((await post(path, body)).status).toBe(200);
    },
  );

  it.each(paths)(
    "at %s is refused where that is wrong, always alike, or there are two ways",
    async (path) => {
      const fields: Readonly<Record<string, string>> = fieldsOf[path];
      const { loginName: id, secret } = program;
      const send = (
        more: Readonly<Record<string, string>>,
        headers?: Readonly<Record<string, string>>,
      ) => post(path, { ...fields, ...more }, headers);
      const unknown: Readonly<Record<string, Send>> = {
        nothing: () => send({}),
        "a client id alone": () => send({ client_id: id }),
        "an unknown client": () => send({}, basic("nobody-at-all", secret)),
        "a wrong secret": () => send({}, basic(id, `${secret}x`)),
        "another's secret": () => send({}, basic(id, other.secret)),
        "an empty secret": () => send({}, basic(id, "")),
        "no colon": () =>
          send(
            {},
            { authorization: `Basic ${Buffer.from(id).toString("base64")}` },
          ),
        "an empty Basic": () => send({}, { authorization: "Basic" }),
        "no base64": () => send({}, { authorization: "Basic %%%" }),
        "Basic with blanks": () => send({}, { authorization: "Basic a b" }),
        "a secret encoded twice": () =>
          send({}, basic(id, percent(percent(secret)))),
        "a malformed escape": () => send({}, basic(id, `${secret}%zz`)),
        "the id of the account": () => send({}, basic(program.userId, secret)),
        "very long": () => send({}, basic("x".repeat(3000), "x".repeat(3000))),
        "a wrong secret in the body": () =>
          send({ client_id: id, client_secret: `${secret}x` }),
        "no client id in the body": () => send({ client_secret: secret }),
        Bearer: () =>
          send({}, { authorization: `Bearer ${server.adminToken}` }),
      };
      const first = await send({});
      for (const [name, refused] of Object.entries(unknown)) {
        const answer = await refused();
        expectRefused(name, answer, "invalid_client");
        expect(answer.body, name).toEqual(first.body);
      }
      const bearer = { client_id: id, client_secret: secret };
      const asserted = {
        client_assertion: assertionOf(program),
        client_assertion_type: assertionType,
      };
      await expectRows({
        "Basic and body": [
          () => send(bearer, basic(id, secret)),
          "invalid_request",
        ],
        "Basic and body, both wrong": [
          () => send({ ...bearer, client_secret: "x" }, basic(id, "x")),
          "invalid_request",
        ],
        "an empty Basic and body": [
          () => send(bearer, { authorization: "Basic" }),
          "invalid_request",
        ],
        "Basic and assertion": [
          () => send(asserted, basic(id, secret)),
          "invalid_request",
        ],
        "body and assertion": [
          () => send({ ...asserted, ...bearer }),
          "invalid_request",
        ],
        "Basic, and another client id in the body": [
          () => send({ client_id: other.loginName }, basic(id, secret)),
          "invalid_request",
        ],
        "Basic, and a long client id in the body": [
          () => send({ client_id: "x".repeat(9000) }, basic(id, secret)),
          "invalid_request",
        ],
        "an assertion of no type": [
          () => send({ client_assertion: assertionOf(program) }),
          "invalid_request",
        ],
        "an assertion of another type": [
          () =>
            send({
              ...asserted,
              client_assertion_type:
                "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
            }),
          "invalid_request",
        ],
      });
    },
  );

  it.each([introspect, revoke])(
    "at %s is taken by an assertion, of which all must be right",
    async (path) => {
      const send = (assertion: string, more: object = {}) =>
        post(path, {
          ...fieldsOf[introspect],
          ...{ client_assertion: assertion },
          ...{ client_assertion_type: assertionType, ...more },
        });
      for (const more of [
        {},
        { client_id: program.userId },
        { client_id: program.loginName },
        // Python's client, where it has none.
        { client_id: "None" },
      ]) {
        expect((await send(assertionOf(program), more)).status).toBe(200);
      }
      await expectRows({
        "another client id": [
          () => send(assertionOf(program), { client_id: other.loginName }),
          "invalid_client",
        ],
        unreadable: [() => send("nothing"), "invalid_client"],
        "another audience": [
          () => send(assertionOf(program, { claims: { aud: "x" } })),
          "invalid_client",
        ],
        "the key of another": [
          () => send(assertionOf({ ...program, key: other.key })),
          "invalid_client",
        ],
      });
    },
  );

  it("need not do so beside an assertion that asks for a token, but not wrongly", async () => {
    const { loginName: id, secret } = program;
    const send = (
      more: Readonly<Record<string, string>>,
      headers?: Readonly<Record<string, string>>,
    ) =>
      post(
        tokenPath,
        { grant_type: jwtBearer, assertion: assertionOf(program), ...more },
        headers,
      );
    await tokenOf(send({}));
    // Python's client.
    await tokenOf(send({ client_id: "None" }));
    await tokenOf(send({ client_id: other.loginName }));
    await tokenOf(send({}, basic(id, secret)));
    await tokenOf(send({ client_id: id, client_secret: secret }));
    await expectRows({
      "a wrong secret": [() => send({}, basic(id, "x")), "invalid_client"],
      "two ways": [
        () => send({ client_id: id, client_secret: secret }, basic(id, secret)),
        "invalid_request",
      ],
    });
  });
});
