import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../support/free-port.ts";
import { startServerProcess } from "../support/server-process.ts";
import { startTestServer } from "../support/server.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TestServer } from "../support/server.ts";
import {
  buildConsole,
  executablePath,
  openConsole,
  signIn,
  startBrowser,
} from "./browser.ts";
import { note } from "./figures-of-time.ts";
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
      await server.close();
    });

    it("a lock elsewhere appears on every console that is open", async () => {
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
      note({
        name: "a lock elsewhere, on two consoles",
        ...{ value: ms, bound: 1000, unit: "ms" },
      });
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
      await page.getByText("Locked since").waitFor();
      await page.getByText("Wrong password", { exact: true }).waitFor();
      await context.close();
    });

    it("says that the server is away, and is right again after it was started anew", async () => {
      const { file, remove } = await makeTempDir();
      const database = file("lockoutd.db");
      const token = "the-token-of-the-administrator-of-this-test";
      const listen = `127.0.0.1:${await freePort()}`;
      const start = () =>
        startServerProcess(database, token, [
          ...["--listen", listen, "--default-max-password-attempts", "1"],
        ]);
      const first = await start();
      const { page, context } = await openConsole(browser, first.url);
      await signIn(page, token);
      await lockBy(first.url, token, "before");
      await page.getByRole("link", { name: "before" }).waitFor();
      await first.stop("SIGKILL");
      await page.getByText("The connection is lost").waitFor();
      const second = await start();
      await lockBy(second.url, token, "meanwhile");
      await page.getByText("Live", { exact: true }).waitFor();
      await page.locator('[data-total="2"]').waitFor();
      await page.getByRole("link", { name: "meanwhile" }).waitFor();
      await lockBy(second.url, token, "afterwards");
      await page.getByRole("link", { name: "afterwards" }).waitFor();
      expect(await page.getByRole("alert").count()).toBe(0);
      await context.close();
      await second.stop("SIGTERM");
      await remove();
    });
  },
);

/** Has a user fail once. */
async function lockBy(
  url: string,
  token: string,
  userId: string,
): Promise<void> {
  const response = await fetch(`${url}/lockout/v1/attempts:report`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({
      ...{ userId, factor: "FACTOR_PASSWORD", outcome: "OUTCOME_FAILED" },
    }),
  });
  expect(response.status).toBe(200);
}
