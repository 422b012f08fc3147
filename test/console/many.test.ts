import type { Browser, CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import {
  buildConsole,
  executablePath,
  openConsole,
  signIn,
  startBrowser,
  watchTasks,
} from "./browser.ts";
import { lockingPolicy, prepareOrganization } from "./stage.ts";

const users = 10_000;
const atATime = 50;

/** An hour in which somebody is locked or unlocked each second. */
const hourOfEvents = 3600;

const bounds = { firstRowsMs: 300, taskMs: 100 } as const;

/** A machine that does much else is slow now and then: so often it is measured, until once the bound holds. */
const mostTries = 12;

/** So long its 10,000 locks, or its hour of events, may take there, in milliseconds: no bound of the console. */
const timeout = 300_000;

describe.skipIf(executablePath === undefined)(
  "the console, where much is",
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

    it(
      "shows the first of 10,000 locked users within 300 ms, and is never busy for 100 ms",
      { timeout },
      async () => {
        const { desk, fail } = await prepareOrganization(server);
        for (let first = 0; first < users; first += atATime) {
          await Promise.all(
            Array.from({ length: atATime }, (_, index) =>
              fail(`u${first + index}`),
            ),
          );
        }
        const { page, context } = await openConsole(browser, server.url);
        await signIn(page, desk);
        await page.locator(`[data-total="${users}"]`).waitFor();
        const firstRows = await quickest(bounds.firstRowsMs, async () => {
          await page.getByRole("link", { name: "Overview" }).click();
          await page.getByRole("heading", { name: "Overview" }).waitFor();
          return timeRows(page);
        });
        const longestTask = await quickest(bounds.taskMs, async () => {
          await page.getByRole("link", { name: "Overview" }).click();
          await page.getByRole("heading", { name: "Overview" }).waitFor();
          const longest = await watchTasks(page);
          await timeRows(page);
          await page.getByRole("button", { name: "Next" }).click();
          await page.getByText("51–100 of 10,000").waitFor();
          await page.getByRole("checkbox", { name: "Select all" }).check();
          await page
            .getByRole("button", { name: "Unlock selected (50)" })
            .click();
          await page.getByRole("dialog").waitFor();
          await page.keyboard.press("Escape");
          return longest();
        });
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.getByRole("button", { name: "Export CSV" }).click(),
        ]);
        let csv = "";
        for await (const chunk of await download.createReadStream()) {
          csv += String(chunk);
        }
        expect(csv.split("\r\n")).toHaveLength(users + 2);
        console.log(
          `of 10,000 locked users: first rows after ${firstRows.toFixed(0)} ms, longest task ${longestTask.toFixed(0)} ms`,
        );
        expect(firstRows).toBeLessThan(bounds.firstRowsMs);
        expect(longestTask).toBeLessThan(bounds.taskMs);
        await context.close();
      },
    );

    it.each(["overview", "locked"])(
      "keeps its memory over an hour of events: %s",
      { timeout },
      async (name) => {
        const { desk, fail, unlock } = await prepareOrganization(server);
        const { page, context } = await openConsole(browser, server.url);
        await signIn(page, desk);
        await page.goto(`${server.url}/ui/console#/${name}`);
        await page.getByText("Live", { exact: true }).waitFor();
        const session = await context.newCDPSession(page);
        const happen = async (count: number) => {
          for (let each = 0; each < count; each += 2) {
            await fail(`u${each % 40}`);
            await unlock(`u${each % 40}`);
          }
          // All of it has come.
          await fail(`last${count}`);
          await page.getByText(`last${count}`).first().waitFor();
          await unlock(`last${count}`);
        };
        await happen(hourOfEvents / 6);
        const before = await heapOf(session);
        await happen(hourOfEvents);
        const after = await heapOf(session);
        console.log(
          `${name}: ${toMb(before)} MB after ten minutes of events, ${toMb(after)} MB after an hour more`,
        );
        expect(after - before).toBeLessThan(2_000_000);
        await context.close();
      },
    );
  },
);

/** How long after somebody goes to the locked users the first row is there, in milliseconds, by the browser's own clock. */
function timeRows(page: Page): Promise<number> {
  return page.evaluate<number>(`new Promise((resolve) => {
    const begin = performance.now();
    const look = new MutationObserver(() => {
      if (document.querySelector("main tbody tr th a") !== null) {
        look.disconnect();
        requestAnimationFrame(() => resolve(performance.now() - begin));
      }
    });
    look.observe(document.body, { childList: true, subtree: true });
    location.hash = "#/locked";
  })`);
}

async function heapOf(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  return usedSize;
}

function toMb(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

/** Measures until something takes less than a bound. @returns the least that it took, in milliseconds */
async function quickest(
  boundMs: number,
  measure: () => Promise<number>,
): Promise<number> {
  let least = Infinity;
  for (let tries = 0; tries < mostTries && least >= boundMs; tries += 1) {
    least = Math.min(least, await measure());
  }
  return least;
}
