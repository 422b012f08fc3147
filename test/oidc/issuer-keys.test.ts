import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { createIssuerKeys } from "../../src/oidc/issuer-keys.ts";
import type { IssuerKey } from "../../src/oidc/issuer-keys.ts";
import { GetFailure, getJson } from "../../src/outbound/get-json.ts";
import { makeIssuerKey, startWeb } from "./issuer.ts";

const issuer = "https://login.example.com/";
const minute = 60_000;

/** An issuer whose documents, and whose clock, the test says. */
function makeIssuer(keys: readonly unknown[] = [makeIssuerKey("one").jwk]) {
  const state = {
    now: 0,
    keys,
    discovery: { issuer, jwks_uri: "https://login.example.com/keys" } as object,
    isAway: false,
    requests: 0,
  };
  const failures: string[] = [];
  const issuerKeys = createIssuerKeys({
    issuer,
    stopwatch: () => state.now,
    onFailure: (reason) => failures.push(reason),
    getJson: async ({ pathname }) => {
      if (state.isAway) {
        throw new GetFailure("away");
      }
      if (pathname === "/.well-known/openid-configuration") {
        return state.discovery;
      }
      state.requests += 1;
      return { keys: state.keys };
    },
  });
  const findKey = async (kid: string | undefined, token = `of ${kid}`) =>
    issuerKeys.find(kid, token);
  const findOther = async (tried: IssuerKey | undefined, token: string) =>
    issuerKeys.findOther(tried, token);
  const find = async (...of: Parameters<typeof findKey>) =>
    (await findKey(...of))?.algorithm;
  return { state, failures, find, findKey, findOther };
}

test("keys are read once for all who wait, and again when they are old, before nobody waits", async () => {
  const { state, find } = makeIssuer();
  expect(await Promise.all([find("one"), find("one"), find("one")])).toEqual([
    ...["RSA", "RSA", "RSA"],
  ]);
  expect(state.requests).toBe(1);
  state.now += 4 * minute - 1;
  expect(await find("one")).toBe("RSA");
  expect(state.requests).toBe(1);
  state.now += 1;
  expect(await find("one")).toBe("RSA");
  await expect.poll(() => state.requests).toBe(2);
  state.now += 5 * minute;
  state.keys = [];
  expect(await find("one")).toBeUndefined();
  expect(state.requests).toBe(3);
});

test("a stranger who makes key ids up has them read every five seconds at most, and keeps nobody with a new key out for longer", async () => {
  const { state, find } = makeIssuer();
  let wrong = 0;
  let waits = 0;
  let made = 0;
  const makeUp = async (kid = `made up ${made}`) => {
    made += 1;
    try {
      expect(await find(kid, `made up ${made}`)).toBeUndefined();
      wrong += 1;
    } catch (error) {
      expect(error).toMatchObject({ entry: { code: "UNAVAILABLE" } });
      waits += 1;
    }
  };
  expect(await find("one")).toBe("RSA");
  for (let second = 0; second < 120; second += 1) {
    state.now += 1000;
    await makeUp();
    await Promise.all([makeUp(), makeUp("two"), makeUp("three")]);
  }
  expect(state.requests).toBe(1 + 120 / 5);
  expect(wrong).toBe(120 / 5);
  expect(waits).toBe(3 * 120 + 120 - wrong);
  // As many tokens as a stranger likes say nothing of the one that the issuer makes now, even where he knew the id of its key.
  state.keys = [makeIssuerKey("two").jwk];
  await expect(find("two")).rejects.toThrow(/LOCKOUTD-sgn01/);
  state.now += 4999;
  await expect(find("two")).rejects.toThrow(/LOCKOUTD-sgn01/);
  state.now += 1;
  expect(await find("two")).toBe("RSA");
  expect(await find("two", "made up 1")).toBe("RSA");
});

test("keys are read again for one token once a minute, and what was being read before it came does not count", async () => {
  const { state, find } = makeIssuer();
  const reading = find("gone");
  await expect(find("new")).rejects.toThrow(/LOCKOUTD-sgn01/);
  expect(await reading).toBeUndefined();
  for (let second = 0; second < 60; second += 1) {
    expect(await find("gone")).toBeUndefined();
    state.now += 1000;
  }
  expect(state.requests).toBe(1);
  expect(await find("gone")).toBeUndefined();
  expect(state.requests).toBe(2);
  // Those who are remembered are few.
  for (let at = 0; at < 1100; at += 1) {
    state.now += 5000;
    expect(await find("gone", `token ${at}`)).toBeUndefined();
  }
  expect(await find("gone", "token 1099")).toBeUndefined();
  expect(state.requests).toBe(1102);
});

test("a token that names no key, and that the one key has not signed, has the keys read again as seldom as an unknown id", async () => {
  const { state, findKey, findOther } = makeIssuer();
  const old = await findKey(undefined, "new token");
  expect(old?.algorithm).toBe("RSA");
  await expect(findOther(old, "new token")).rejects.toThrow(/LOCKOUTD-sgn01/);
  state.now += 5000;
  expect(await findOther(old, "of a stranger")).toBeUndefined();
  expect(state.requests).toBe(2);
  // The issuer replaces its key.
  state.keys = [makeIssuerKey("two").jwk];
  await expect(findOther(old, "new token")).rejects.toThrow(/LOCKOUTD-sgn01/);
  state.now += 5000;
  expect(await findOther(old, "of a stranger")).toBeUndefined();
  expect(state.requests).toBe(2);
  const replaced = await findOther(old, "new token");
  expect(replaced).toBe(await findKey(undefined, "new token"));
  expect(replaced).not.toBe(old);
  expect(state.requests).toBe(3);
  // Of two, the token has to say which; once one is left, it need not.
  state.now += 5000;
  state.keys = [makeIssuerKey("three").jwk, makeIssuerKey("four").jwk];
  expect(await findOther(replaced, "third")).toBeUndefined();
  state.keys = [makeIssuerKey("three").jwk];
  state.now += 5000;
  expect((await findOther(undefined, "fourth"))?.algorithm).toBe("RSA");
});

test("an issuer that is away has nobody let in, is asked every five seconds, and told of once", async () => {
  const { state, failures, find } = makeIssuer();
  state.isAway = true;
  const refused = expect.objectContaining({
    entry: expect.objectContaining({ code: "UNAVAILABLE" }) as unknown,
  }) as unknown;
  const isRefused = async () => {
    await expect(find("one")).rejects.toEqual(refused);
  };
  await isRefused();
  state.isAway = false;
  await isRefused();
  state.now += 5000;
  expect(await find("one")).toBe("RSA");
  state.isAway = true;
  state.now += 2 * minute;
  // Whether an unknown one is new, nobody knows.
  await expect(find("two")).rejects.toEqual(refused);
  await expect(find("two")).rejects.toEqual(refused);
  expect(await find("one")).toBe("RSA");
  state.now += 3 * minute;
  await isRefused();
  state.now += 5000;
  await isRefused();
  expect(failures).toEqual(["away", "away"]);
});

test("keys that are weak, secret, for encryption or malformed are none", async () => {
  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const curve = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const ed = generateKeyPairSync("ed25519");
  const good = makeIssuerKey("good").jwk;
  const { state, find } = makeIssuer([
    { ...weak.publicKey.export({ format: "jwk" }), kid: "weak" },
    { ...curve.publicKey.export({ format: "jwk" }), kid: "curve" },
    { ...ed.publicKey.export({ format: "jwk" }), kid: "ed" },
    { kty: "oct", k: "c2VjcmV0", kid: "secret" },
    { ...good, kid: "encryption", use: "enc" },
    { ...good, n: 7, kid: "malformed" },
    ...[null, 7, "x", good],
  ]);
  expect(await find("good")).toBe("RSA");
  expect(await find("ed")).toBe("Ed25519");
  for (const kid of ["weak", "curve", "secret", "encryption", "malformed"]) {
    expect(await find(kid), kid).toBeUndefined();
    state.now += 5000;
  }
  // Which of several, the token has to say.
  expect(await find(undefined)).toBeUndefined();
  expect(await makeIssuer().find(undefined)).toBe("RSA");
});

test("whatever goes wrong has nobody let in, and does not end the process", async () => {
  const { state, failures, find } = makeIssuer();
  state.discovery = Object.defineProperty({}, "issuer", {
    get: () => {
      throw new TypeError("unforeseen");
    },
  });
  await expect(find("one")).rejects.toThrow(/LOCKOUTD-sgn01/);
  expect(failures).toEqual(["unforeseen"]);
});

test("documents of another issuer, without keys or with very many are refused", async () => {
  const many = Array.from({ length: 10_000 }, (_each, at) => ({
    ...{ kty: "RSA", kid: String(at), n: "AQAB", e: "AQAB" },
  }));
  const cases: readonly (readonly [object, readonly unknown[], RegExp])[] = [
    [{ issuer: "https://login.example.com", jwks_uri: issuer }, [], /another/],
    [{ issuer }, [], /no jwks_uri/],
    [{ issuer, jwks_uri: "nothing" }, [], /no jwks_uri/],
    [{ issuer, jwks_uri: issuer }, many, /more than 1000 keys/],
  ];
  for (const [discovery, keys, reason] of cases) {
    const { state, failures, find } = makeIssuer(keys);
    state.discovery = discovery;
    await expect(find("1")).rejects.toThrow(/LOCKOUTD-sgn01/);
    expect(failures).toEqual([expect.stringMatching(reason)]);
  }
});

test("a document is read through redirects that may be reached, and in bounds", async () => {
  const web = await startWeb();
  const options = {
    ...{ userAgent: "test", maxBytes: 1024 * 1024, timeoutMs: 500 },
    resolve: async () => [],
  };
  const read = (path: string, allowPrivate = true) =>
    getJson(
      new URL(path, web.url),
      { ...options, rules: { allowPrivate, allowHttp: true } },
      new AbortController().signal,
    );
  const long = JSON.stringify({
    keys: Array.from({ length: 10_000 }, () => makeShort()),
  });
  await web.serve(({ url = "" }, response) => {
    const location = new URL(url, web.url).searchParams.get("to");
    if (location !== null) {
      response.writeHead(302, { location }).end();
    } else if (url === "/silent") {
      // Nothing comes.
    } else if (url === "/slow") {
      response.write("{");
    } else if (url === "/cut") {
      response.writeHead(200, { "content-length": "100" });
      response.write("{}", () => response.destroy());
    } else if (url === "/long") {
      response.end(long);
    } else if (url === "/text") {
      response.end("text");
    } else if (url === "/error") {
      response.writeHead(500).end("{}");
    } else {
      response.end('{"found":true}');
    }
  });
  try {
    expect(await read("/found")).toEqual({ found: true });
    expect(await read("/x?to=/found")).toEqual({ found: true });
    const refusals: readonly (readonly [string, RegExp])[] = [
      ["/x?to=/x%3Fto%3D/x%3Fto%3D/x%3Fto%3D/found", /leads on/],
      // Addresses of this network segment alone, such as those where clouds keep their secrets, and other protocols.
      ["/x?to=http://169.254.169.254/latest", /169\.254.*reachable/],
      ["/x?to=http://[::ffff:169.254.169.254]/", /reachable/],
      ["/x?to=file:///etc/passwd", /https/],
      ["/x?to=http://user:secret@127.0.0.1/", /user name/],
      ["/silent", /within 0.5 s/],
      ["/slow", /no end/],
      ["/cut", /no end/],
      ["/long", /more than 1048576 bytes/],
      ["/text", /not JSON/],
      ["/error", /status 500/],
    ];
    for (const [path, reason] of refusals) {
      await expect(read(path), path).rejects.toThrow(reason);
    }
    await expect(read("/found", false)).rejects.toThrow(/reachable/);
    await web.serve(undefined);
    await expect(read("/found")).rejects.toThrow(/refused/);
  } finally {
    await web.close();
  }
});

function makeShort() {
  return { kty: "RSA", kid: "x".repeat(100), n: "A".repeat(342), e: "AQAB" };
}
