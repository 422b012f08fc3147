import { mkdir } from "node:fs/promises";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { expect } from "vitest";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { setStage } from "../cases/stage.ts";
import type { TestServer } from "../support/server.ts";
import { openConsole } from "./browser.ts";
import type { Tab } from "./browser.ts";

/** What strangers may call themselves. */
export const hostile: readonly string[] = [
  '<img src=x onerror="document.title=1">',
  "=HYPERLINK(1)",
  "\u202Etxt.exe",
  "x".repeat(150),
];

/** The situation of a help desk. */
export interface Desk {
  readonly stage: Awaited<ReturnType<typeof setStage>>;
  /** Has a user fail once. */
  readonly fail: (userId: string, address?: string) => Promise<void>;
  readonly unlock: (userId: string) => Promise<void>;
}

/** Makes an organisation, in which the default policy of the server holds. */
export async function openDesk(server: TestServer): Promise<Desk> {
  const stage = await setStage(server);
  const transport = createGrpcTransport({ baseUrl: server.url });
  const headers = { authorization: `Bearer ${stage.orgOwner}` };
  const attempts = createClient(AttemptService, transport);
  const users = createClient(UserService, transport);
  const known = new Set<string>();
  return {
    stage,
    fail: async (userId, address = "192.0.2.7") => {
      if (!known.has(userId)) {
        await users.putUser({ userId }, { headers });
        known.add(userId);
      }
      await attempts.reportAttempt(
        {
          subject: { case: "userId", value: userId },
          ...{ factor: Factor.PASSWORD, outcome: Outcome.FAILED },
          client: { address },
        },
        { headers },
      );
    },
    unlock: async (userId) => {
      await attempts.unlock(
        { subject: { case: "userId", value: userId }, note: "called" },
        { headers },
      );
    },
  };
}

/** Opens the console at a page, signed in. */
export async function openPage(
  browser: Browser,
  url: string,
  { token, name, title }: Readonly<Record<"token" | "name" | "title", string>>,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<Tab> {
  const tab = await openConsole(browser, url, options);
  await tab.page.goto(`${url}/ui/console#/${name}`);
  await tab.page.getByRole("textbox", { name: "Token" }).fill(token);
  await tab.page.keyboard.press("Enter");
  await tab.page.getByRole("heading", { name: title, level: 1 }).waitFor();
  return tab;
}

/** Looks at a page: axe finds nothing, and nothing is wider than the window. Keeps a picture where CONSOLE_PICTURES says so. */
export async function inspect(page: Page, name: string): Promise<void> {
  await page.evaluate(axe.source);
  const found = await page.evaluate<{
    violations: { id: string; nodes: { html: string }[] }[];
  }>("axe.run()");
  expect(
    found.violations.map(({ id, nodes }) => [id, nodes[0]?.html]),
    name,
  ).toEqual([]);
  // Which elements make the page wider than the window.
  expect(
    await page.evaluate(`document.documentElement.scrollWidth <= innerWidth
      ? []
      : [...document.querySelectorAll("body *")]
          .filter((each) => each.getBoundingClientRect().right > innerWidth)
          .map(({ tagName, className }) => tagName + " " + className)`),
    `${name} is wider than the window`,
  ).toEqual([]);
  const pictures = process.env["CONSOLE_PICTURES"];
  if (pictures !== undefined) {
    await mkdir(pictures, { recursive: true });
    await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
  }
}

/** The longest that a page was busy at a time since it was opened, in milliseconds. */
export async function watchTasks(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(`
    globalThis.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        globalThis.longest = Math.max(globalThis.longest, duration);
      }
    }).observe({ type: "longtask" });
  `);
  return () => page.evaluate<number>("globalThis.longest");
}
