import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createApp } from "../../client/example/app.ts";
import { checkLogin } from "../../client/example/login.ts";
import {
  hashPassword,
  verifyPassword,
} from "../../client/example/passwords.ts";
import { createUsers } from "../../client/example/users.ts";
import { createLockoutClient } from "../../client/src/index.ts";
import { openHouse } from "./support.ts";
import type { House } from "./support.ts";

const limit = 3;
const secret = "correct horse battery staple";
// Cheap: what is tested does not depend on the work.
const cost = { n: 16, r: 1, p: 1 };
const names = ["alice", "bob", "carol", "dave"];

let house: House;
let site: string;
let app: ReturnType<typeof createApp>;

beforeAll(async () => {
  house = await openHouse(limit);
  app = await createTestApp();
  site = await app.listen({ host: "127.0.0.1", port: 0 });
});

afterAll(async () => {
  await app.close();
  await house.close();
});

async function createTestApp(client = house.client) {
  const passwordHash = await hashPassword(secret, cost);
  return createApp({
    client,
    users: createUsers(
      names.map((name) => ({ id: `id-of-${name}`, name, passwordHash })),
    ),
    nobodysHash: await hashPassword("nobody's", cost),
    digestKey: Buffer.alloc(32, 1),
    secureCookies: true,
    shortestLoginMs: 0,
    log: false,
  });
}

interface Page {
  readonly status: number;
  readonly html: string;
  readonly location: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** As much of a browser as a login needs: one cookie, one form. */
async function openBrowser(url = site) {
  let cookie = "";
  let formToken = "";

  async function request(path: string, form?: Record<string, string>) {
    const response = await fetch(`${url}${path}`, {
      redirect: "manual",
      headers: { cookie },
      ...(form && { method: "POST", body: new URLSearchParams(form) }),
    });
    cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
    const html = await response.text();
    formToken = /name="form_token" value="([^"]+)"/.exec(html)?.[1] ?? "";
    const headers = new Map(response.headers);
    headers.delete("date");
    return {
      status: response.status,
      html,
      location: response.headers.get("location"),
      headers: Object.fromEntries(headers),
    } satisfies Page;
  }

  const first = await request("/login");
  return {
    first,
    get: (path: string) => request(path),
    post: (path: string, form: Record<string, string>) => request(path, form),
    signIn: (name: string, password: string) =>
      request("/login", { form_token: formToken, name, password }),
    signOut: () => request("/logout", { form_token: formToken }),
    cookie: () => cookie,
    useCookie: (other: string) => {
      cookie = other;
    },
  };
}

test("a right password leads in, and out again", async () => {
  const browser = await openBrowser();
  const before = browser.cookie();
  const login = await browser.signIn(" ALICE ", secret);
  expect(login).toMatchObject({ status: 303, location: "/" });
  expect(login.headers["set-cookie"]).toMatch(
    /^__Host-visitor=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
  );
  // A session that an attacker planted before is not the one that is signed in.
  expect(browser.cookie()).not.toBe(before);
  expect((await browser.get("/")).html).toContain("Hello, alice.");

  const inside = browser.cookie();
  expect(await browser.signOut()).toMatchObject({
    status: 303,
    location: "/login",
  });
  browser.useCookie(inside);
  expect(await browser.get("/")).toMatchObject({
    status: 303,
    location: "/login",
  });
});

test("wrong, locked and unknown get the same bytes (I9, I10)", async () => {
  const browser = await openBrowser();
  const pages: Page[] = [];
  for (let guess = 1; guess <= limit; guess += 1) {
    pages.push(await browser.signIn("bob", "wrong"));
  }
  const locked = await browser.signIn("bob", "wrong");
  const lockedButRight = await browser.signIn("bob", secret);
  for (let guess = 1; guess <= limit + 1; guess += 1) {
    pages.push(await browser.signIn("nobody", "wrong"));
  }
  pages.push(locked, lockedButRight);
  pages.push(await browser.signIn("x".repeat(201), "wrong"));

  expect(pages[0]?.status).toBe(403);
  expect(pages[0]?.html).toContain("That did not work.");
  for (const page of pages) {
    expect(page).toEqual(pages[0]);
  }
  const { users } = await house.client.attempts.listLockedUsers({});
  expect(users.map(({ userId }) => userId)).toEqual(["id-of-bob"]);
});

test("the password that stands in for an unknown name's opens nothing", async () => {
  const nobodysHash = await hashPassword("nobody's", cost);
  const result = await checkLogin(
    { client: house.client, nobodysHash, digestKey: Buffer.alloc(32, 1) },
    "nobody else",
    undefined,
    "nobody's",
    {},
  );
  expect(result.accepted).toBe(false);
  expect(result.private.outcome).toBe("wrong");
});

test("after an administrator unlocked the user, the right password leads in again", async () => {
  const browser = await openBrowser();
  for (let guess = 1; guess <= limit; guess += 1) {
    await browser.signIn("carol", "wrong");
  }
  expect((await browser.signIn("carol", secret)).status).toBe(403);
  expect((await browser.get("/")).location).toBe("/login");
  await browser.get("/login");
  await house.unlock("id-of-carol");
  expect((await browser.signIn("carol", secret)).status).toBe(303);
});

test("guesses from many browsers at once compare no more than the limit (I1)", async () => {
  const browsers = await Promise.all(
    Array.from({ length: 20 }, () => openBrowser()),
  );
  const pages = await Promise.all(
    browsers.map((browser) => browser.signIn("dave", "wrong")),
  );
  expect(pages.map(({ status }) => status)).toEqual(pages.map(() => 403));
  const events = await house.events("id-of-dave");
  expect(events.filter((type) => type.endsWith("check.failed"))).toHaveLength(
    limit,
  );
  expect(events.filter((type) => type === "user.locked")).toHaveLength(1);
});

test("a form without this visitor's token counts nothing", async () => {
  const stranger = await openBrowser();
  const token = /value="([^"]+)"/.exec(stranger.first.html)?.[1] ?? "";
  const browser = await openBrowser();
  const before = await house.events("id-of-alice");
  for (const form_token of ["", token]) {
    const page = await browser.post("/login", {
      form_token,
      name: "alice",
      password: secret,
    });
    expect(page.status).toBe(403);
    expect(page.html).toContain("The form is too old.");
  }
  expect(await house.events("id-of-alice")).toEqual(before);
});

test("what nobody typed by hand is answered, and counts nothing", async () => {
  const before = await house.events("id-of-alice");
  const json = await fetch(`${site}/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  expect(json.status).toBe(415);
  const large = await fetch(`${site}/login`, {
    method: "POST",
    body: new URLSearchParams({ name: "x".repeat(10_000) }),
  });
  expect(large.status).toBe(413);
  const browser = await openBrowser();
  expect((await browser.signIn("alice", "")).html).toContain(
    "Enter a name and a password.",
  );
  expect(await house.events("id-of-alice")).toEqual(before);
});

test("while lockoutd is away, nobody is let in", async () => {
  const away = createLockoutClient({
    url: "http://127.0.0.1:1",
    token: "secret",
  });
  const alone = await createTestApp(away);
  try {
    const url = await alone.listen({ host: "127.0.0.1", port: 0 });
    const browser = await openBrowser(url);
    const known = await browser.signIn("alice", secret);
    expect(known.status).toBe(503);
    expect(known.html).toContain("not possible at the moment");
    expect(await browser.signIn("nobody", secret)).toEqual(known);
  } finally {
    await alone.close();
    away.close();
  }
});

test("a hash holds its cost and another salt each time", async () => {
  const hash = await hashPassword(secret, cost);
  expect(hash).toMatch(/^scrypt\$16\$1\$1\$[\w-]{22}\$[\w-]{43}$/);
  expect(await hashPassword(secret, cost)).not.toBe(hash);
  expect(await verifyPassword(secret, hash)).toBe(true);
  expect(await verifyPassword(`${secret} `, hash)).toBe(false);
  await expect(verifyPassword(secret, "plain")).rejects.toThrow(
    "not a hash out of hashPassword",
  );
});

test("the program runs as its page says", async () => {
  const program = spawn(process.execPath, ["client/example/main.ts"], {
    env: {
      LOCKOUTD_URL: house.server.url,
      LOCKOUTD_TOKEN: house.server.adminToken,
      PASSWORD: secret,
      PORT: "0",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(program, "exit");
  try {
    let url: string | undefined;
    for await (const line of createInterface(program.stdout)) {
      url = /^Sign in at (\S+)\/login as alice/.exec(line)?.[1];
      if (url !== undefined) {
        break;
      }
    }
    if (url === undefined) {
      throw new Error("the program ended early");
    }
    program.stdout.resume();
    const browser = await openBrowser(url);
    expect((await browser.signIn("alice", "wrong")).status).toBe(403);
    expect((await browser.signIn("alice", secret)).status).toBe(303);
  } finally {
    program.kill("SIGTERM");
  }
  expect(await exited).toEqual([0, null]);
});
