import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLogger } from "../../src/telemetry/log.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import {
  buildConsole,
  executablePath,
  openConsole,
  signIn,
  startBrowser,
} from "./browser.ts";
import { note } from "./figures-of-time.ts";
import { startOtherOrigin } from "./other-origin.ts";
import { hostile, lockingPolicy, prepareOrganization } from "./stage.ts";

describe.skipIf(executablePath === undefined)(
  "what strangers cannot do to the console",
  () => {
    let server: TestServer;
    let browser: Browser;
    const log: string[] = [];

    beforeAll(async () => {
      await buildConsole();
      server = await startTestServer(lockingPolicy, {
        log: createLogger({
          level: "debug",
          format: "json",
          write: (line) => {
            log.push(line);
          },
        }),
      });
      browser = await startBrowser();
    });
    afterAll(async () => {
      await server.close();
    });

    it("shows hostile texts as texts, and exports them as no formula", async () => {
      const { desk, lockAll } = await prepareOrganization(server);
      const names = [...hostile, "\u200B＝HYPERLINK(2)"];
      await lockAll(names);
      const { page, context, problems, requests } = await openConsole(
        browser,
        server.url,
      );
      await signIn(page, desk);
      for (const name of names) {
        await page.locator("bdi", { hasText: name }).waitFor();
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
      expect(csv.split("\r\n")).toHaveLength(names.length + 2);
      expect(csv).toContain(`"'=HYPERLINK(1)"`);
      expect(csv).toContain(`"'\u200B＝HYPERLINK(2)"`);
      // A note of the greatest length that the server takes, back from the log as text.
      await page.getByRole("button", { name: "Unlock =HYPERLINK" }).click();
      const note = `<script>${"n".repeat(980)}</script>`;
      await page.getByRole("textbox", { name: "Reason" }).fill(note);
      await page.keyboard.press("Enter");
      await page.getByText("Unlocked: 1").waitFor();
      await page.goto(`${server.url}/ui/console#/find/${"y".repeat(4000)}`);
      await page.getByRole("alert").filter({ hasText: "200" }).waitFor();
      await page.goto(`${server.url}/ui/console#/users/%3Cimg%20src%3Dx%3E/u1`);
      await page.getByRole("alert").filter({ hasText: /./ }).waitFor();
      expect(
        problems.filter((problem) => !problem.includes("status of 4")),
      ).toEqual([]);
      const elsewhere = requests.filter(
        (address) =>
          !address.startsWith("blob:") &&
          address !== "data:," &&
          new URL(address).origin !== server.url,
      );
      expect(elsewhere).toEqual([]);
      await context.close();
    });

    it("keeps the token for this tab alone, in no address, no other storage and no log", async () => {
      const { desk, lock } = await prepareOrganization(server);
      await lock("ann", "ann@x");
      const { page, context, requests } = await openConsole(
        browser,
        server.url,
      );
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
      expect(log.some((line) => line.includes("ListLockedUsers"))).toBe(true);
      expect(log.filter((line) => line.includes(desk))).toEqual([]);
    });

    it("stays signed out where an organisation was being chosen, and no call goes on with the token", async () => {
      const { page, context } = await openConsole(browser, server.url);
      await signIn(page, server.adminToken);
      // Never answered.
      await page.route("**/*Service/GetCaller", () => undefined);
      const [asked] = await Promise.all([
        page.waitForRequest("**/*Service/GetCaller"),
        page.locator("header select").selectOption("*"),
      ]);
      const [failed] = await Promise.all([
        page.waitForEvent("requestfailed", (request) => request === asked),
        page.getByRole("button", { name: "Sign out" }).click(),
      ]);
      expect(failed.failure()?.errorText).toContain("ABORTED");
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      expect(await page.evaluate("sessionStorage.length")).toBe(0);
      await context.close();
    });

    it("takes tokens as long as the server does: those of issuers outside name many organisations", async () => {
      const { page, context } = await openConsole(browser, server.url);
      const field = page.getByRole("textbox", { name: "Token" });
      await field.focus();
      const token = "x".repeat(8192);
      await page.keyboard.insertText(token);
      expect(await field.inputValue()).toBe(token);
      await page.keyboard.press("Enter");
      await page.getByText("The server does not know this token").waitFor();
      await context.close();
    });

    it("says what is wrong with a token, and asks for another one when it ends", async () => {
      const { desk, stage, lock } = await prepareOrganization(server);
      const { page, context } = await openConsole(browser, server.url);
      const field = page.getByRole("textbox", { name: "Token" });
      await field.fill("no such token");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("A token has no blanks").waitFor();
      await field.fill("no-such-token");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("The server does not know this token").waitFor();
      await field.fill("");
      const brief = await stage.token(["ORG_USER_MANAGER"], 600_000);
      await signIn(page, brief);
      await page.getByText("Nobody is locked.").waitFor();
      server.advance(700_000);
      // An event comes, for which this token is no longer good.
      await lock("late", "late@x");
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      await page.getByText("The server does not know this token").waitFor();
      await signIn(page, desk);
      await context.close();
    });

    it("can neither be framed nor called from another origin", async () => {
      const { desk } = await prepareOrganization(server);
      const other = await startOtherOrigin(
        `<iframe src="${server.url}/ui/console"></iframe>`,
      );
      const context = await browser.newContext();
      const page = await context.newPage();
      const refused: string[] = [];
      page.on("console", (message) => {
        refused.push(message.text());
      });
      await page.goto(other.url);
      await expect
        .poll(() => refused.join("\n"))
        .toMatch(/frame-ancestors|X-Frame-Options/);
      const [frame] = page.frames().slice(1);
      expect(await frame?.locator("input").count()).toBe(0);
      const called = await page.evaluate(`
      fetch("${server.url}/lockout/v1/caller", { headers: { authorization: "Bearer ${desk}" } })
        .then((response) => "called: " + response.status, (error) => "refused: " + error.name)
    `);
      expect(called).toBe("refused: TypeError");
      await context.close();
      await other.close();
    });

    it("is one script and one style sheet that stay, under a policy that lets nothing else run or frame it", async () => {
      const response = await fetch(`${server.url}/ui/console`);
      const policy = response.headers.get("content-security-policy") ?? "";
      for (const part of [
        ...["default-src 'none'", "script-src 'self'", "style-src 'self'"],
        ...["base-uri 'none'", "frame-ancestors 'none'", "form-action 'none'"],
        ...["require-trusted-types-for 'script'", "trusted-types 'none'"],
      ]) {
        expect(policy).toContain(part);
      }
      expect(policy).not.toContain("unsafe");
      const etag = response.headers.get("etag") ?? "";
      expect(etag).toMatch(/^"/);
      const again = await fetch(`${server.url}/ui/console`, {
        headers: { "if-none-match": etag },
      });
      expect(again.status).toBe(304);
      const parts = [
        ...(await response.text()).matchAll(/"(console\/main-[^"]+)"/g),
      ];
      expect(parts).toHaveLength(2);
      let bytes = 0;
      for (const [, name = ""] of parts) {
        const part = await fetch(`${server.url}/ui/${name}`, {
          headers: { "accept-encoding": "gzip" },
        });
        expect(part.headers.get("cache-control")).toContain("immutable");
        expect(part.headers.get("content-encoding")).toBe("gzip");
        bytes += Number(part.headers.get("content-length"));
      }
      expect(bytes).toBeLessThan(150_000);
      note({
        name: "the console, compressed",
        ...{ value: bytes, bound: 150_000, unit: "bytes" },
      });
      const without = await startTestServer({ console: false });
      expect((await fetch(`${without.url}/ui/console`)).status).toBe(404);
      expect(await (await fetch(without.url)).text()).not.toContain(
        "ui/console",
      );
      await without.close();
    });
  },
);
