import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  deviceCookie,
  readDeviceCookie,
  withLockout,
} from "../../client/src/index.ts";
import { openHouse } from "./support.ts";
import type { House } from "./support.ts";

const limit = 2;
const right = () => true;
const wrong = () => false;

let house: House;

beforeAll(async () => {
  house = await openHouse(limit);
  const { url, adminToken } = house.server;
  const set = await fetch(`${url}/lockout/v1/instance/policy/rules`, {
    method: "PUT",
    headers: { authorization: `Bearer ${adminToken}` },
    body: JSON.stringify({
      devices: { maxAttempts: 3 },
      rememberedSecrets: 2,
    }),
  });
  expect(set.status).toBe(200);
});
afterAll(() => house.close());

const logIn = (
  userId: string,
  verify: () => boolean,
  options?: Parameters<typeof withLockout>[4],
) =>
  withLockout(house.client, { userId }, ...(["password", verify] as const), {
    ...options,
  });

describe("a device that is remembered", () => {
  it("is let in by its cookie while the user is locked", async () => {
    const first = await logIn("a", right, { rememberDevice: true });
    const { device } = first;
    if (device === undefined) {
      throw new Error("no device was remembered");
    }
    // Neither a response nor a log has the token by mistake.
    expect(JSON.stringify([first, first.private])).not.toContain(device.token);
    const cookie = deviceCookie(device);
    expect(cookie).toMatch(
      /^__Host-device=[\w.-]+; Path=\/; Expires=[^;]+ GMT; Secure; HttpOnly; SameSite=Lax$/,
    );
    await logIn("a", wrong);
    await logIn("a", wrong);
    expect((await logIn("a", right)).private.outcome).toBe("locked");
    const header = `session=1; ${cookie.split(";")[0] ?? ""}; other=2`;
    const deviceToken = readDeviceCookie(header);
    const second = await logIn("a", right, { client: { deviceToken } });
    expect(second.accepted).toBe(true);
    expect(second).not.toHaveProperty("device");
    const another = await logIn("b", right, { client: { deviceToken } });
    expect(another.accepted).toBe(true);
  });

  it("is none where nobody asked to remember it", async () => {
    expect(await logIn("c", right)).not.toHaveProperty("device");
    expect(
      await logIn("c", wrong, { rememberDevice: true }),
    ).not.toHaveProperty("device");
  });
});

describe("the cookie of a device", () => {
  it.each([
    [undefined, undefined],
    ["", undefined],
    ["__Host-device=", undefined],
    ["__Host-device=1.a", "1.a"],
    ["a=b;__Host-device=1.a=; c", "1.a="],
    ["x__Host-device=1.a", undefined],
    [`__Host-device=${"9".repeat(201)}`, undefined],
  ])("%j is read as %j", (header, token) => {
    expect(readDeviceCookie(header)).toBe(token);
  });

  it("takes nothing that would be another attribute", () => {
    const expireTime = new Date(0);
    expect(() => deviceCookie({ token: "1; Domain=x", expireTime })).toThrow(
      TypeError,
    );
    expect(() => deviceCookie({ token: "1.a", expireTime }, "a;b")).toThrow(
      TypeError,
    );
  });
});

it("the same wrong password counts once, by a hash that is made here", async () => {
  const key = "k".repeat(16);
  const guess = (secret: string) =>
    logIn("d", wrong, { digest: { secret, key } });
  expect((await guess("x")).private.failedAttempts).toBe(1);
  expect((await guess("x")).private.failedAttempts).toBe(1);
  expect((await guess("y")).private.failedAttempts).toBe(2);
  await expect(
    logIn("d", wrong, { digest: { secret: "x", key: "short" } }),
  ).rejects.toThrow(TypeError);
});
