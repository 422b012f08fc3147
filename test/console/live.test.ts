import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import {
  buildConsole,
  executablePath,
  openConsole,
  signIn,
  startBrowser,
} from "./browser.ts";
import { lockingPolicy, prepareOrganization } from "./stage.ts";

describe.skipIf(executablePath === undefined)(
  "what consoles show as it happens",
  () => {
    let server: TestServer;
    let browser: Browser;

    beforeAll(async () => {
      await buildConsole();
      server = await startTestServer(lockingPolicy);
      browser = await startBrowser();
    });
    afterAll(async () => {
      await browser.close();
      await server.close();
    });

    it("a lock elsewhere appears within a second on every console that is open", async () => {
      const { desk, lock } = await prepareOrganization(server);
      const tabs = [
        await openConsole(browser, server.url),
        await openConsole(browser, server.url),
      ];
      for (const { page } of tabs) {
        await signIn(page, desk);
        await page.getByText("Nobody is locked.").waitFor();
        await page.getByText("Live", { exact: true }).waitFor();
      }
      const seen = tabs.map(({ page }) =>
        page.getByRole("link", { name: "late@x" }).waitFor(),
      );
      const begin = performance.now();
      await lock("late", "late@x");
      await Promise.all(seen);
      const ms = performance.now() - begin;
      console.log(`a lock was on both consoles after ${ms.toFixed(0)} ms`);
      expect(ms).toBeLessThan(1000);
      for (const { context } of tabs) {
        await context.close();
      }
    });

    it("an attempt appears on the page of its user", async () => {
      const { desk, users, headers, fail, stage } =
        await prepareOrganization(server);
      await users.putUser({ userId: "joe", aliases: ["joe@x"] }, { headers });
      const { page, context } = await openConsole(browser, server.url);
      await signIn(page, desk);
      await page.goto(`${server.url}/ui/console#/users/${stage.orgId}/joe`);
      await page.getByText("The user is not locked.").waitFor();
      await fail("joe");
      await page.getByText("Locked since").waitFor({ timeout: 1000 });
      await page.getByText("Wrong password", { exact: true }).waitFor();
      await context.close();
    });
  },
);
