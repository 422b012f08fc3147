import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PolicyService } from "../../gen/lockout/v1/policy_service_pb.js";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import {
  buildConsole,
  executablePath,
  inspect,
  looks,
  openPage,
  startBrowser,
  watchTasks,
} from "./browser.ts";
import { note } from "./figures-of-time.ts";
import { hostile, prepareOrganization } from "./stage.ts";

const overview = { name: "overview", title: "Overview" };

describe.skipIf(executablePath === undefined)("the overview", () => {
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
    await server.close();
  });

  it("says whether an attack is under way, with charts and their tables, on every console that is open", async () => {
    const { stage, fail, unlock } = await prepareOrganization(server);
    const token = await stage.token(["ORG_USER_MANAGER"]);
    const one = await openPage(browser, server.url, { token, ...overview });
    const two = await openPage(browser, server.url, { token, ...overview });
    const { page } = one;
    await page.getByText("No storm of locks began lately.").waitFor();
    await page.getByText("Failures are as usual.").waitFor();
    await page.getByText("Nobody was locked or unlocked lately.").waitFor();
    await page.getByText("1 wrong password locks until somebody").waitFor();
    await page
      .getByText("Guesses at a password that a stranger has: 1 in the first")
      .waitFor();
    const longest = await watchTasks(page);
    for (let user = 0; user < 30; user += 1) {
      await fail(`u${user}`);
    }
    for (const tab of [one, two]) {
      await tab.page.getByRole("link", { name: "u29", exact: true }).waitFor();
      await tab.page.locator("[data-locked]", { hasText: /^30$/ }).waitFor();
    }
    // Figures come some seconds late.
    await page.getByText("Many more failures than usual: 30 times").waitFor();
    for (const span of ["Last hour", "Last 24 hours", "Last 7 days"]) {
      await page.getByRole("radio", { name: span }).check();
      for (const figure of ["Attempts", "Failures", "Locks"]) {
        await page
          .getByRole("img", { name: new RegExp(`^${figure}: `) })
          .waitFor();
      }
      await page.getByRole("img", { name: /^Locks: 30; most 30, / }).waitFor();
      await page.getByText("Locks as a table").click();
      const table = page.getByRole("table", { name: "Locks as a table" });
      await table.getByRole("cell", { name: "30", exact: true }).waitFor();
      await page.getByText("Locks as a table").click();
    }
    await unlock("u7");
    await page.locator("[data-locked]", { hasText: /^29$/ }).waitFor();
    await page.getByRole("listitem").filter({ hasText: "Unlocked" }).waitFor();
    note({
      name: "overview, thirty locks: longest task",
      ...{ value: await longest(), bound: 100, unit: "ms" },
    });
    expect([...one.problems, ...two.problems]).toEqual([]);
    await one.context.close();
    await two.context.close();
  });

  it("is of all organisations where the switcher says so, and offers no policy that the roles do not permit", async () => {
    const { stage, fail } = await prepareOrganization(server);
    await fail("somebody");
    const viewer = await stage.token(["IAM_OWNER_VIEWER"]);
    const { page, context } = await openPage(browser, server.url, {
      ...{ token: viewer, ...overview },
    });
    const locked = page.locator("[data-locked]");
    await locked.filter({ hasText: /^1$/ }).waitFor();
    await page.getByText("No storm of locks is under way.").waitFor();
    await page
      .getByRole("combobox", { name: "Organisation" })
      .selectOption("*");
    await page.getByRole("heading", { name: "Default policy" }).waitFor();
    expect(Number(await locked.textContent())).toBeGreaterThan(1);
    await context.close();
    const other = await openPage(browser, server.url, {
      token: await stage.token(["IAM_USER_MANAGER"]),
      ...overview,
    });
    await other.page.getByRole("img", { name: /^Locks: / }).waitFor();
    expect(
      await other.page.getByRole("heading", { name: /policy/i }).count(),
    ).toBe(0);
    expect(other.problems).toEqual([]);
    await other.context.close();
  });

  it.each(looks)(
    "$look: it is without a fault by axe, and fits: empty, full, where nothing comes, and where it is away",
    async ({ look: name, colorScheme, width }) => {
      const { stage, fail } = await prepareOrganization(server);
      const token = await stage.token(["ORG_OWNER"]);
      const { page, context } = await openPage(
        browser,
        server.url,
        { token, ...overview },
        { colorScheme, viewport: { width, height: 800 } },
      );
      const look = (state: string) =>
        inspect(page, `overview-${state}-${name}`);
      await page.getByText("Failures are as usual.").waitFor();
      await look("empty");
      for (const name of hostile) {
        await fail(name);
      }
      for (let user = 0; user < 30; user += 1) {
        await fail(`u${user}`);
      }
      await page.getByText("Many more failures than usual").waitFor();
      await page.getByText("Locks as a table").click();
      await look("full");
      await page.getByText("Locks as a table").click();
      await page.route(/AttemptService/, (route) => route.abort());
      await page.getByRole("alert").filter({ hasText: "reached" }).waitFor();
      await look("error");
      await page.unroute(/AttemptService/);
      await page.route(/GetActivity/, () => undefined);
      await page.reload();
      await page.getByText("Loading").waitFor();
      await look("loading");
      await context.close();
    },
  );

  it("says that a storm is under way as long as it is, whether it began before or after the page was opened", async () => {
    const { stage, fail } = await prepareOrganization(server);
    const transport = createGrpcTransport({ baseUrl: server.url });
    await createClient(PolicyService, transport).setRules(
      { rules: { storms: { maxLocks: 3, window: { seconds: 600n } } } },
      { headers: { authorization: `Bearer ${stage.orgOwner}` } },
    );
    const watching = await openPage(browser, server.url, {
      ...{ token: await stage.token(["ORG_OWNER"]), ...overview },
    });
    await watching.page.getByText("No storm of locks began lately.").waitFor();
    expect(
      await watching.page.getByText("Storms are not looked for").count(),
    ).toBe(0);
    for (let user = 0; user < 5; user += 1) {
      await fail(`u${user}`);
    }
    const storm = "A storm of locks is under way";
    await watching.page.getByText(storm).waitFor();
    for (const role of ["ORG_USER_MANAGER", "IAM_OWNER_VIEWER"]) {
      const token = await stage.token([role]);
      const { page, context } = await openPage(browser, server.url, {
        ...{ token, ...overview },
      });
      await page.getByText(storm).waitFor();
      await context.close();
    }
    // Long after the last lock.
    server.advance(1_300_000);
    await watching.page.getByText("No storm of locks began lately.").waitFor();
    await watching.context.close();
  });
});
