import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventTexts } from "../../src/console/texts/event-types.ts";
import { eventTypes } from "../../src/lockout/events/event.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import {
  buildConsole,
  executablePath,
  heapMb,
  inspect,
  looks,
  openPage,
  startBrowser,
  watchTasks,
} from "./browser.ts";
import { isBench, note } from "./figures-of-time.ts";
import { hold } from "./held-calls.ts";
import { hostile, prepareOrganization } from "./stage.ts";

const events = { name: "events", title: "Events" };

it("has words for every type of event", () => {
  expect(eventTypes.filter((type) => eventTexts[type] === undefined)).toEqual(
    [],
  );
});

describe.skipIf(executablePath === undefined)("the events", () => {
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
  const rows = (page: Page, text: string) =>
    page.getByRole("row").filter({ hasText: text });
  /** The rows of a kind of event. */
  const rowsOf = (page: Page, name: string) =>
    page
      .getByRole("row")
      .filter({ has: page.getByRole("cell", { name, exact: true }) });

  it("come live on every console that is open, wait while it is paused, and are filtered by type and user", async () => {
    const { stage, fail, unlock } = await prepareOrganization(server);
    const token = await stage.token(["ORG_USER_MANAGER"]);
    await fail("before");
    const one = await openPage(browser, server.url, { token, ...events });
    const two = await openPage(browser, server.url, { token, ...events });
    const { page } = one;
    // What happened before is there too.
    await rowsOf(page, "Wrong password").getByText("before").waitFor();
    await fail("ann");
    for (const tab of [one, two]) {
      await rowsOf(tab.page, "Locked").getByText("ann").waitFor();
    }
    await page.getByRole("button", { name: "Pause" }).click();
    await unlock("ann");
    await rowsOf(two.page, "Unlocked").getByText("ann").waitFor();
    await page.getByText("Paused. New events: 1").waitFor();
    expect(await rowsOf(page, "Unlocked").count()).toBe(0);
    await page.getByRole("button", { name: "Resume" }).click();
    await rowsOf(page, "Unlocked")
      .getByText("called", { exact: true })
      .waitFor();
    // Another choice of events is live at once.
    await page.getByRole("button", { name: "Pause" }).click();

    await page.getByLabel("Type").selectOption("Locks and unlocks");
    await rows(page, "before").getByText("Locked").waitFor();
    await expect.poll(() => rows(page, "before").count()).toBe(1);
    expect(await rowsOf(page, "Wrong password").count()).toBe(0);
    await page.getByRole("textbox", { name: "Id of a user" }).fill("ann");
    await page.keyboard.press("Enter");
    await rowsOf(page, "Unlocked").waitFor();
    await expect.poll(() => rows(page, "before").count()).toBe(0);
    await fail("bob");
    await fail("ann");
    await rowsOf(page, "Locked").nth(1).waitFor();
    expect(await rows(page, "bob").count()).toBe(0);
    // Whoever may not read all events is offered no others, and no search.
    const options = await page.getByLabel("Type").textContent();
    expect(options).toContain("user.locked");
    expect(options).not.toContain("org.policy.lockout");
    expect(await page.getByLabel("From").count()).toBe(0);
    expect([...one.problems, ...two.problems]).toEqual([]);
    await one.context.close();
    await two.context.close();
  });

  it("have permalinks to their positions, of the organisation alone", async () => {
    const { stage, fail } = await prepareOrganization(server);
    const token = await stage.token(["ORG_USER_MANAGER"]);
    await fail("ann");
    await (await prepareOrganization(server)).fail("stranger");
    await fail("bob");
    const { page, context, problems } = await openPage(browser, server.url, {
      ...{ token, ...events },
    });
    const row = rowsOf(page, "Locked").filter({ hasText: "ann" });
    await row.getByRole("link", { name: ":" }).click();
    await page.getByRole("heading", { name: "Events from position" }).waitFor();
    await page.locator("[aria-current=true]").getByText("ann").waitFor();
    await rowsOf(page, "Locked").getByText("bob").waitFor();
    await page.getByText("Later events appear here").waitFor();
    expect(await rows(page, "stranger").count()).toBe(0);
    const address = page.url();
    await page.getByRole("link", { name: "Live events" }).click();
    await row.waitFor();
    await page.goto(address);
    await page.locator("[aria-current=true]").getByText("ann").waitFor();
    await page.goto(address.replace(/\d+$/, "x"));
    await page.getByText("A position is a number").waitFor();
    expect(problems).toEqual([]);
    await page.goto(address.replace(/\d+$/, "999999"));
    await page.getByText("must be a position").waitFor();
    await page.goto(address);
    await page.locator("[aria-current=true]").getByText("ann").waitFor();
    await context.close();
  });

  it("at a permalink come however long the connection takes, and later ones as they happen, by the one stream of the page", async () => {
    const { stage, fail } = await prepareOrganization(server);
    const { page, context } = await openPage(browser, server.url, {
      ...{ token: stage.orgOwner, ...events },
    });
    await fail("ann");
    const link = rowsOf(page, "Locked").getByRole("link", { name: ":" });
    await link.waitFor();
    const calls = await hold(page, "WatchEvents");
    await link.click();
    const stream = await calls.next();
    await page.getByText("Loading").waitFor();
    expect(await page.getByText("Later events").count()).toBe(0);
    stream.go();
    await calls.end();
    await page.locator("[aria-current=true]").getByText("ann").waitFor();
    await page.getByText("Later events appear here").waitFor();
    await fail("bob");
    await rowsOf(page, "Locked").getByText("bob").waitFor();
    // A page of them is full; then nothing more is put on it.
    for (let user = 0; user < 50; user += 1) {
      await fail(`u${user}`);
    }
    await page.getByRole("link", { name: "Later events" }).waitFor();
    expect(await page.getByRole("row").count()).toBe(101);
    await page.getByRole("link", { name: "Later events" }).click();
    await page.getByText("Later events appear here").waitFor();
    await rowsOf(page, "Locked").getByText("u49").waitFor();
    await context.close();
  });

  it("of a span of time are found by whoever may read them all, of the organisation or of all", async () => {
    const { stage, fail } = await prepareOrganization(server);
    const token = await stage.token(["IAM_OWNER_VIEWER"]);
    for (let user = 0; user < 60; user += 1) {
      await fail(`u${user}`);
    }
    const { page, context, problems } = await openPage(browser, server.url, {
      ...{ token, ...events },
      ...{ name: "events", title: "Events" },
    });
    await rows(page, "u59").first().waitFor();
    await page.getByLabel("Type").selectOption("user.locked");
    await page.getByLabel("From").fill("2020-01-01T00:00");
    await page.getByText("They are not live.").waitFor();
    await rows(page, "u0").waitFor();
    expect(await page.getByRole("row").count()).toBe(61);
    await page.getByLabel("Type").selectOption("");
    await page.getByRole("button", { name: "Earlier events" }).waitFor();
    await expect.poll(() => page.getByRole("row").count()).toBe(101);
    await page.getByRole("button", { name: "Earlier events" }).click();
    await rows(page, "Organisation created").waitFor();
    await page.getByLabel("To", { exact: true }).fill("2020-01-02T00:00");
    await page.getByText("No event of this kind in this span").waitFor();
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await page
      .getByRole("combobox", { name: "Organisation" })
      .selectOption("*");
    await page.getByRole("columnheader", { name: "Organisation" }).waitFor();
    await page.getByLabel("Type").selectOption("Policies");
    await rows(page, "Default policy set").waitFor();
    expect(problems).toEqual([]);
    await context.close();
  });

  it("stay few in memory, and block nothing, however many come", async () => {
    const { stage, fail } = await prepareOrganization(server);
    const token = await stage.token(["ORG_USER_MANAGER"]);
    const { page, context } = await openPage(browser, server.url, {
      ...{ token, ...events },
    });
    await page.getByText("No event lately.").waitFor();
    const session = await context.newCDPSession(page);
    const longest = await watchTasks(page);
    // In the benchmark as many as an hour has in which one comes each second.
    const come = async (from: number, to: number) => {
      for (let round = from; round < to; round += 1) {
        await Promise.all(
          Array.from({ length: 20 }, (_, user) =>
            fail(`u${user}-${round % 5}`),
          ),
        );
      }
    };
    await come(0, 15);
    await page.getByRole("row").nth(200).waitFor();
    const before = await heapMb(session);
    await come(15, isBench ? 200 : 25);
    await fail("last");
    await rows(page, "last").first().waitFor();
    const after = await heapMb(session);
    expect(await page.getByRole("row").count()).toBe(201);
    note({
      name: "events, an hour live: growth",
      ...{ value: after - before, bound: 3, unit: "MB" },
    });
    note({
      name: "events, an hour live: longest task",
      ...{ value: await longest(), bound: 100, unit: "ms" },
    });
    await context.close();
  });

  it.each(looks)(
    "$look: are without a fault by axe, and fit: none, many, hostile, and lost",
    async ({ look: name, colorScheme, width }) => {
      const { stage, fail } = await prepareOrganization(server);
      const { page, context, problems } = await openPage(
        ...([browser, server.url] as const),
        { token: await stage.token(["ORG_OWNER"]), ...events },
        { colorScheme, viewport: { width, height: 800 } },
      );
      const look = (state: string) => inspect(page, `events-${state}-${name}`);
      await page.getByText("No event lately.").waitFor();
      await look("empty");
      for (const name of hostile) {
        await fail(name);
      }
      for (let user = 0; user < 3; user += 1) {
        await fail(`u${user}`);
      }
      await rows(page, "u2").first().waitFor();
      for (const name of hostile) {
        await page.locator("bdi", { hasText: name }).first().waitFor();
      }
      expect(await page.locator("main img").count()).toBe(0);
      expect(await page.title()).toBe("Events – lockoutd console");
      await look("full");
      expect(problems).toEqual([]);
      await page
        .getByRole("table")
        .getByRole("link", { name: ":" })
        .last()
        .click();
      await page.locator("[aria-current=true]").waitFor();
      await look("permalink");
      await context.close();
    },
  );
});
