import { mkdir } from "node:fs/promises";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { setStage } from "../cases/stage.ts";
import { saySkipped } from "../interop/support/find-program.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import {
  buildConsole,
  executablePath,
  openConsole,
  signIn,
  startBrowser,
} from "./browser.ts";

if (executablePath === undefined) {
  saySkipped(
    "the console in a real browser",
    "there is no chromium on the PATH (Debian: apt-get install chromium)",
  );
}

/** What strangers may call themselves. */
const hostile = [
  '<img src=x onerror="document.title=1">',
  "=HYPERLINK(1)",
  "\u202Etxt.exe",
  "x".repeat(150),
];

describe.skipIf(executablePath === undefined)("the console", () => {
  let server: TestServer;
  let browser: Browser;

  beforeAll(async () => {
    await buildConsole();
    server = await startTestServer({
      defaultPolicy: { maxPasswordAttempts: 1, maxOtpAttempts: 1 },
    });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  /** An organisation with locked users, and the token of its help desk. */
  const prepare = async (names: readonly string[]) => {
    const stage = await setStage(server);
    const transport = createGrpcTransport({ baseUrl: server.url });
    const headers = { authorization: `Bearer ${stage.orgOwner}` };
    const attempts = createClient(AttemptService, transport);
    const users = createClient(UserService, transport);
    const lock = async (userId: string, name: string) => {
      await users.putUser({ userId, aliases: [name] }, { headers });
      await attempts.reportAttempt(
        {
          subject: { case: "userId", value: userId },
          ...{ factor: Factor.PASSWORD, outcome: Outcome.FAILED },
          client: { address: "192.0.2.7" },
        },
        { headers },
      );
    };
    for (const [place, name] of names.entries()) {
      await lock(`u${place}`, name);
    }
    return {
      desk: await stage.token(["ORG_USER_MANAGER"]),
      lock,
      attempts,
      headers,
      stage,
    };
  };

  it("finds a locked user by login name, says why, and unlocks with a reason, by keyboard alone", async () => {
    const { desk, attempts, headers } = await prepare(["ann@x", "bob@x"]);
    const { page, context, problems } = await openConsole(browser, server.url);
    await signIn(page, desk);
    const presses: string[] = [];
    const press = async (key: string) => {
      presses.push(key);
      await page.keyboard.press(key);
    };
    await press("/");
    await page.keyboard.insertText("ann");
    await press("Enter");
    const link = page.getByRole("link", { name: "ann@x" });
    await link.waitFor();
    // The new page has the focus: its first link is next.
    await press("Tab");
    await press("Enter");
    await page
      .getByText(
        "Wrong passwords: 1 failures (Password); the last try came from 192.0.2.7.",
      )
      .waitFor();
    await press("Tab");
    await press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.insertText("called, knows the cat");
    await press("Enter");
    await page.getByText("Unlocked: 1").waitFor();
    await page.getByText("The user is not locked.").waitFor();
    await page.getByText("called, knows the cat").waitFor();
    expect(presses.length).toBeLessThanOrEqual(12);
    const { totalSize } = await attempts.listLockedUsers({}, { headers });
    expect(totalSize).toBe(1);
    expect(problems).toEqual([]);
    await context.close();
  });

  it("unlocks many after a preview, and shows what others lock within a second, on every console that is open", async () => {
    const { desk, lock } = await prepare(
      Array.from({ length: 40 }, (_, index) => `person${index}@x`),
    );
    const one = await openConsole(browser, server.url);
    const two = await openConsole(browser, server.url);
    for (const { page } of [one, two]) {
      await signIn(page, desk);
      await page.locator("[data-total]", { hasText: /^40$/ }).waitFor();
    }
    await page40(one.page);
    for (const { page } of [one, two]) {
      await page.getByText("Nobody is locked.").waitFor();
    }
    await lock("late", "late@x");
    for (const { page } of [one, two]) {
      await page
        .getByRole("link", { name: "late@x" })
        .waitFor({ timeout: 2000 });
    }
    await one.context.close();
    await two.context.close();
  });
  const page40 = async (page: Page) => {
    await page
      .getByRole("checkbox", { name: "Select all on this page" })
      .check();
    await page.getByRole("button", { name: "Unlock selected (40)" }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.getByRole("listitem").count()).toBe(40);
    await dialog.getByRole("textbox", { name: "Reason" }).fill("storm is over");
    await dialog.getByRole("button", { name: "Unlock" }).click();
    await page.getByText("Unlocked: 40").waitFor();
  };

  it("shows hostile texts as texts, and exports them as no formula", async () => {
    const { desk } = await prepare(hostile);
    const { page, context, problems, requests } = await openConsole(
      browser,
      server.url,
    );
    await signIn(page, desk);
    await page.getByRole("cell", { name: "192.0.2.7" }).first().waitFor();
    for (const name of hostile) {
      expect(await page.locator("bdi", { hasText: name }).count()).toBe(1);
    }
    expect(await page.locator("main img").count()).toBe(0);
    expect(await page.title()).toBe("Locked users – lockoutd console");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Export CSV" }).click(),
    ]);
    const stream = await download.createReadStream();
    let csv = "";
    for await (const chunk of stream) {
      csv += String(chunk);
    }
    expect(csv.split("\r\n")).toHaveLength(hostile.length + 2);
    expect(csv).toContain(`"'=HYPERLINK(1)"`);
    expect(problems).toEqual([]);
    for (const address of requests.filter(
      (each) => !each.startsWith("blob:"),
    )) {
      expect(
        new URL(address).origin === server.url || address === "data:,",
      ).toBe(true);
    }
    await context.close();
  });

  it("keeps the token for this tab alone, in no address and no other storage", async () => {
    const { desk } = await prepare(["ann@x"]);
    const { page, context, requests } = await openConsole(browser, server.url);
    await signIn(page, desk);
    await page.reload();
    await page.getByRole("heading", { name: "Locked users" }).waitFor();
    expect(requests.filter((address) => address.includes(desk))).toEqual([]);
    expect(page.url()).not.toContain(desk);
    expect(
      await page.evaluate(
        "JSON.stringify([document.cookie, Object.entries(localStorage)])",
      ),
    ).toBe('["",[]]');
    const other = await context.newPage();
    await other.goto(`${server.url}/ui/console`);
    await other.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await page.evaluate("sessionStorage.length")).toBe(0);
    await context.close();
  });

  it("says what is wrong with a token, and offers nothing that the roles do not permit", async () => {
    const { stage } = await prepare(["ann@x"]);
    const { page, context } = await openConsole(browser, server.url);
    const field = page.getByRole("textbox", { name: "Token" });
    await field.fill("no such token");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("A token has no blanks").waitFor();
    await field.fill("no-such-token");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("The server does not know this token").waitFor();
    await field.fill(await stage.token(["ORG_OWNER_VIEWER"]));
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("link", { name: "Locked users" }).click();
    await page.getByRole("link", { name: "ann@x" }).waitFor();
    expect(await page.getByRole("button", { name: /Unlock/ }).count()).toBe(0);
    expect(await page.getByRole("checkbox", { name: /Select/ }).count()).toBe(
      0,
    );
    await context.close();
  });

  it("is one script and one style sheet that stay, under a policy that lets nothing else run or frame it", async () => {
    const response = await fetch(`${server.url}/ui/console`);
    const policy = response.headers.get("content-security-policy") ?? "";
    for (const part of [
      ...["default-src 'none'", "script-src 'self'", "style-src 'self'"],
      ...["base-uri 'none'", "frame-ancestors 'none'"],
      "require-trusted-types-for 'script'",
    ]) {
      expect(policy).toContain(part);
    }
    expect(policy).not.toContain("unsafe");
    expect(response.headers.get("etag")).toMatch(/^"/);
    const text = await response.text();
    const parts = [...text.matchAll(/"(console\/main-[^"]+)"/g)].map(
      ([, name]) => name ?? "",
    );
    expect(parts).toHaveLength(2);
    let bytes = 0;
    for (const name of parts) {
      const part = await fetch(`${server.url}/ui/${name}`, {
        headers: { "accept-encoding": "gzip" },
      });
      expect(part.headers.get("cache-control")).toContain("immutable");
      expect(part.headers.get("content-encoding")).toBe("gzip");
      bytes += Number(part.headers.get("content-length"));
    }
    expect(bytes).toBeLessThan(150_000);
    const without = await startTestServer({ console: false });
    expect((await fetch(`${without.url}/ui/console`)).status).toBe(404);
    await without.close();
  });

  describe.each(["light", "dark"] as const)("in %s", (colorScheme) => {
    it.each([1280, 360])(
      "at %d px wide every page is without a fault by axe, and fits",
      async (width) => {
        const { desk } = await prepare(["ann@x", ...hostile]);
        const { page, context } = await openConsole(browser, server.url, {
          colorScheme,
          viewport: { width, height: 800 },
          reducedMotion: "reduce",
        });
        const check = async (name: string) => {
          await page.evaluate(axe.source);
          const found = await page.evaluate<{
            violations: { id: string; nodes: { html: string }[] }[];
          }>("axe.run()");
          expect(
            found.violations.map(({ id, nodes }) => [id, nodes[0]?.html]),
            name,
          ).toEqual([]);
          expect(
            await page.evaluate(
              "document.documentElement.scrollWidth <= innerWidth",
            ),
            `${name} is wider than the window`,
          ).toBe(true);
          const pictures = process.env["CONSOLE_PICTURES"];
          if (pictures !== undefined) {
            await mkdir(pictures, { recursive: true });
            await page.screenshot({
              path: `${pictures}/${name}-${colorScheme}-${width}.png`,
              fullPage: true,
            });
          }
        };
        await page.getByRole("heading", { name: "Sign in" }).waitFor();
        await check("sign-in");
        await signIn(page, desk);
        await page.getByRole("link", { name: "ann@x" }).waitFor();
        await check("locked-users");
        await page.getByRole("button", { name: "Unlock ann@x" }).click();
        await page.getByRole("dialog").waitFor();
        await check("unlock");
        await page.keyboard.press("Escape");
        await page.getByRole("link", { name: "ann@x" }).click();
        await page.getByRole("heading", { name: "What happened" }).waitFor();
        await page.getByRole("cell", { name: "Wrong password" }).waitFor();
        await check("user");
        await page.getByRole("textbox", { name: "Find a user" }).fill("x");
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { name: "Users with" }).waitFor();
        await page.getByRole("link", { name: "ann@x" }).waitFor();
        await check("find");
        await context.close();
      },
    );
  });
});
