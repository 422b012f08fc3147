import { createHmac, timingSafeEqual } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { newHookSecret } from "../../src/hooks/secrets.ts";
import { signatureHeaders } from "../../src/hooks/signature.ts";

// Verified by the published library of Standard Webhooks, and as ZITADEL's Actions verify.

const [secret, before, foreign] = [
  newHookSecret(),
  newHookSecret(),
  newHookSecret(),
];
const body = JSON.stringify({ type: "user.locked", data: { userId: "ü😀" } });
const now = () => Math.floor(Date.now() / 1000);

function zitadelAccepts(
  header: string,
  text: string,
  key: string,
  toleranceSeconds = 300,
): boolean {
  const pairs = header.split(",").map((part) => part.split("=", 2));
  const time = Number(pairs.find(([name]) => name === "t")?.[1]);
  const expected = createHmac("sha256", key).update(`${time}.${text}`).digest();
  return (
    Math.abs(now() - time) <= toleranceSeconds &&
    pairs
      .filter(([name]) => name === "v1")
      .some(([, hex = ""]) => {
        const given = Buffer.from(hex, "hex");
        return (
          given.length === expected.length && timingSafeEqual(given, expected)
        );
      })
  );
}

describe.each([
  ["one secret", [secret]],
  ["two", [secret, before]],
])("with %s", (_title, secrets) => {
  it("ours is accepted, and what is altered, old or foreign is refused", () => {
    const headers = signatureHeaders(secrets, "1_2_3", now(), body);
    const verify = (key: string, text: string, more = {}) =>
      new Webhook(key).verify(text, { ...headers, ...more });
    for (const valid of secrets) {
      expect(verify(valid, body)).toEqual(JSON.parse(body));
      expect(
        zitadelAccepts(headers["zitadel-signature"] ?? "", body, valid),
      ).toBe(true);
    }
    const altered = body.replace("locked", "lacked");
    expect(() => verify(secret, altered)).toThrow();
    expect(() => verify(secret, body, { "webhook-id": "1_2_4" })).toThrow();
    expect(() => verify(foreign, body)).toThrow();
    expect(
      zitadelAccepts(headers["zitadel-signature"] ?? "", altered, secret),
    ).toBe(false);
    expect(
      zitadelAccepts(headers["zitadel-signature"] ?? "", body, foreign),
    ).toBe(false);

    const old = signatureHeaders(secrets, "1_2_3", now() - 600, body);
    expect(() => new Webhook(secret).verify(body, { ...old })).toThrow();
    expect(zitadelAccepts(old["zitadel-signature"] ?? "", body, secret)).toBe(
      false,
    );
  });
});

it("the secret before signs beside the new one, and none before that", () => {
  const { "webhook-signature": signature = "" } = signatureHeaders(
    [secret, before],
    "1",
    now(),
    body,
  );
  expect(signature.split(" ")).toHaveLength(2);
  expect(signature).toMatch(/^v1,[\w+/]{43}= v1,[\w+/]{43}=$/);
});
