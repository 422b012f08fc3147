import type { Browser, Page, Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import {
  buildConsole,
  executablePath,
  openPage,
  startBrowser,
} from "./browser.ts";
import { hold } from "./held-calls.ts";
import { lockingPolicy, prepareOrganization } from "./stage.ts";

describe.skipIf(executablePath === undefined)(
  "what is chosen last is shown, in whatever order the responses come",
  () => {
    let server: TestServer;
    let browser: Browser;

    beforeAll(async () => {
      await buildConsole();
      server = await startTestServer(lockingPolicy);
      browser = await startBrowser();
    });
    afterAll(async () => {
      await server.close();
    });
    const rows = (page: Page, text: string) =>
      page.getByRole("row").filter({ hasText: text });

    it("organisations", async () => {
      const one = await prepareOrganization(server);
      const two = await prepareOrganization(server);
      await one.lock("ann", "ann@one");
      await two.lock("bob", "bob@two");
      const { page, context } = await openPage(browser, server.url, {
        ...{ token: server.adminToken, name: "locked", title: "Locked users" },
      });
      const choice = page.getByRole("combobox", { name: "Organisation" });
      await choice.locator(`[value="${two.stage.orgId}"]`).waitFor({
        state: "attached",
      });
      const calls = await hold(page, "GetCaller");
      await choice.selectOption(one.stage.orgId);
      const first = await calls.next();
      await choice.selectOption(two.stage.orgId);
      const second = await calls.next();
      expect(await choice.inputValue()).toBe(two.stage.orgId);
      await second.release();
      await rows(page, "bob@two").waitFor();
      await first.release();
      await calls.end();
      expect(await choice.inputValue()).toBe(two.stage.orgId);
      expect(await rows(page, "bob@two").count()).toBe(1);
      expect(
        await page.evaluate("sessionStorage['lockoutd.organization']"),
      ).toBe(two.stage.orgId);
      // All pages follow it, also what comes live and what is about to be made.
      await page.getByRole("link", { name: "Events", exact: true }).click();
      await rows(page, "bob").first().waitFor();
      await two.fail("eve");
      await rows(page, "eve").first().waitFor();
      expect(await rows(page, "ann").count()).toBe(0);
      await page.getByRole("link", { name: "Access", exact: true }).click();
      await page.getByText("Create a token").click();
      const name = await choice.locator("option:checked").textContent();
      await page.getByText(`the organisation ${name ?? ""}.`).waitFor();
      await page.reload();
      await page.getByRole("heading", { name: "Access" }).waitFor();
      expect(await choice.inputValue()).toBe(two.stage.orgId);
      await context.close();
    });

    it("an organisation that is refused leaves the one before chosen", async () => {
      const { stage } = await prepareOrganization(server);
      const { page, context } = await openPage(browser, server.url, {
        ...{ token: server.adminToken, name: "locked", title: "Locked users" },
      });
      const choice = page.getByRole("combobox", { name: "Organisation" });
      await choice.locator(`[value="${stage.orgId}"]`).waitFor({
        state: "attached",
      });
      const before = await choice.inputValue();
      await page.route("**/GetCaller", (route: Route) => route.abort());
      await choice.selectOption(stage.orgId);
      await page.getByRole("alert").filter({ hasText: "reached" }).waitFor();
      expect(await choice.inputValue()).toBe(before);
      await context.close();
    });

    it("what happened to a user: more of all is not put among the locks", async () => {
      const { stage, fail, unlock } = await prepareOrganization(server);
      for (let each = 0; each < 14; each += 1) {
        await fail("ann");
        await unlock("ann");
      }
      const { page, context } = await openPage(browser, server.url, {
        token: stage.orgOwner,
        ...{ name: `users/${stage.orgId}/ann`, title: "ann" },
      });
      const failures = page.getByRole("cell", {
        ...{ name: "Wrong password", exact: true },
      });
      await failures.first().waitFor();
      const calls = await hold(page, "ListUserEvents");
      await page.getByRole("button", { name: "Earlier" }).click();
      const more = await calls.next("pageToken");
      await page.getByRole("checkbox", { name: "Locks" }).check();
      const locks = await calls.next("user.unlocked");
      await locks.release();
      await rows(page, "Unlocked").first().waitFor();
      expect(await failures.count()).toBe(0);
      await more.release();
      await calls.end();
      expect(await failures.count()).toBe(0);
      await context.close();
    });

    it("events of a span of time: earlier ones that are asked for twice are there once", async () => {
      const { stage, fail } = await prepareOrganization(server);
      for (let user = 0; user < 60; user += 1) {
        await fail(`u${user}`);
      }
      const { page, context } = await openPage(browser, server.url, {
        token: await stage.token(["IAM_OWNER_VIEWER"]),
        ...{ name: "events", title: "Events" },
      });
      await page.getByLabel("From").fill("2020-01-01T00:00");
      const earlier = page.getByRole("button", { name: "Earlier events" });
      await earlier.waitFor();
      const calls = await hold(page, "ListEvents");
      await earlier.click();
      const first = await calls.next();
      await earlier.click();
      const second = await calls.next();
      await first.release();
      await second.release();
      await rows(page, "Organisation created").first().waitFor();
      await calls.end();
      expect(await rows(page, "Organisation created").count()).toBe(1);
      await context.close();
    });
  },
);
