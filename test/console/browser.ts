import axe from "axe-core";
import { chromium } from "playwright-core";
import type {
  Browser,
  BrowserContext,
  CDPSession,
  Page,
} from "playwright-core";
import { globSync } from "node:fs";
import {
  mkdir,
  readdir,
  rename,
  rm,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { build } from "vite";
import type { Rolldown } from "vite";
import { expect } from "vitest";
import { isFresh } from "../support/fresh.ts";
import { findProgram, saySkipped } from "../interop/support/find-program.ts";

/** Debian's chromium; undefined where there is none. */
export const executablePath = findProgram("chromium", "chromium-browser");

if (executablePath === undefined) {
  saySkipped(
    "the console in a real browser",
    "there is no chromium on the PATH (Debian: apt-get install chromium)",
  );
}

const built = join(import.meta.dirname, "../../dist/console");

let isBuilt: Promise<void> | undefined;

/** Builds the console where the server looks for it: once for all files of tests that a process runs. */
export function buildConsole(): Promise<void> {
  isBuilt ??= writeConsole();
  return isBuilt;
}

/** What the console is made of. */
const sources = ["src/console/**", "gen/**", "package-lock.json"];

/** Whether all files that are there, a script and a style sheet at least, are newer than what they are made of. */
function isBuiltAlready(): boolean {
  const files = globSync(join(built, "*"));
  return (
    [".js", ".css"].every((end) => files.some((file) => file.endsWith(end))) &&
    files.every((file) => isFresh(file, sources))
  );
}

/** Writes no file that is there: its name says what is in it, and another process may be reading it. */
async function writeConsole(): Promise<void> {
  if (isBuiltAlready()) {
    return;
  }
  const made = (await build({
    configFile: join(import.meta.dirname, "../../src/console/vite.config.js"),
    build: { write: false },
  })) as Rolldown.RolldownOutput;
  const names = made.output.map(({ fileName }) => fileName);
  await mkdir(built, { recursive: true });
  const present = await readdir(built);
  const now = new Date();
  for (const part of made.output) {
    const path = join(built, part.fileName);
    if (present.includes(part.fileName)) {
      await utimes(path, now, now);
      continue;
    }
    await writeFile(`${path}.new`, "code" in part ? part.code : part.source);
    await rename(`${path}.new`, path);
  }
  for (const name of present.filter((each) => !names.includes(each))) {
    await rm(join(built, name), { force: true });
  }
}

let started: Promise<Browser> | undefined;

/** The browser of all files of tests that a process runs; it ends with that. Each test has a context of its own, which it closes. */
export function startBrowser(): Promise<Browser> {
  started ??= launch();
  return started;
}

function launch(): Promise<Browser> {
  return chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: [
      // As root there is no sandbox to be had.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A tab, and what it asked for. */
export interface Tab {
  readonly context: BrowserContext;
  readonly page: Page;
  /** The addresses of all requests. */
  readonly requests: string[];
  /** What went wrong in the page. */
  readonly problems: string[];
}

/** Opens the console in a context of its own. */
export async function openConsole(
  browser: Browser,
  url: string,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<Tab> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const requests: string[] = [];
  const problems: string[] = [];
  page.on("request", (request) => {
    requests.push(request.url());
  });
  page.on("pageerror", (error) => {
    problems.push(error.message);
  });
  page.on("console", (message) => {
    if (message.type() === "error") {
      problems.push(message.text());
    }
  });
  await page.goto(`${url}/ui/console`);
  return { context, page, requests, problems };
}

/** Signs in by keyboard: the field has the focus. Then shows the locked users. */
export async function signIn(page: Page, token: string): Promise<void> {
  await page.getByRole("textbox", { name: "Token" }).waitFor();
  await page.keyboard.insertText(token);
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Locked users" }).click();
  await page.getByRole("heading", { name: "Locked users" }).waitFor();
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

/**
 * How pages are looked at: each scheme and each width once. Colours do not depend on the width, nor places on the scheme; for pictures of all
 * (CONSOLE_PICTURES) each is seen with each.
 */
export const looks = (["light", "dark"] as const).flatMap((colorScheme) =>
  [1280, 360]
    .filter(
      (width) =>
        process.env["CONSOLE_PICTURES"] !== undefined ||
        (colorScheme === "light") === (width === 1280),
    )
    .map((width) => ({
      ...{ look: `${colorScheme}-${width}`, colorScheme, width },
    })),
);

/** Looks at a page: axe finds nothing, nothing is wider than the window, and the cells of a row end at one line. Keeps a picture where CONSOLE_PICTURES says so. */
export async function inspect(page: Page, name: string): Promise<void> {
  if (!(await page.evaluate<boolean>("'axe' in globalThis"))) {
    await page.evaluate(axe.source);
  }
  const found = await page.evaluate<{
    violations: { id: string; nodes: { html: string }[] }[];
  }>("axe.run({ resultTypes: ['violations'] })");
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
  expect(
    await page.evaluate(`[...document.querySelectorAll("tr")]
      .filter((row) => getComputedStyle(row).display === "table-row")
      .map(({ cells }) => [...cells].map((cell) => cell.getBoundingClientRect().bottom))
      .filter((ends) => Math.max(...ends) - Math.min(...ends) > 0.5)`),
    `${name} has a row whose cells end apart`,
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

/** What a page has in memory that is not garbage, in megabytes. */
export async function heapMb(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  return usedSize / 1e6;
}
