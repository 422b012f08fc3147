import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { expect, test } from "vitest";
import {
  buildConsole,
  executablePath,
  openConsole,
  signIn,
  startBrowser,
} from "../console/browser.ts";
import { prepareOrganization } from "../console/stage.ts";
import { startTestServer } from "../support/server.ts";

// The pictures are of the console as it is: `npm run docs:pictures` (RECORD=1) makes them anew. Fonts differ between machines, so that no two
// make the same picture: without RECORD the test asks whether they were made from these sources.

const root = join(import.meta.dirname, "../..");
const directory = join(root, "docs/console");
const hashFile = join(directory, "sources.sha256");

/** The hash of all that the pictures are made from. */
async function hashSources(): Promise<string> {
  const hash = createHash("sha256");
  const sources = join(root, "src/console");
  const paths = (await readdir(sources, { recursive: true }))
    .filter((path) => /\.(?:tsx?|css)$/.test(path))
    .sort();
  for (const path of paths) {
    hash.update(`${path}\n`).update(await readFile(join(sources, path)));
  }
  return hash.update(await readFile(import.meta.filename)).digest("hex");
}

/** Signs in to a server of its own, and takes pictures by their names. */
async function openCamera(browser: Browser) {
  const server = await startTestServer({
    defaultPolicy: { maxPasswordAttempts: 5, maxOtpAttempts: 5 },
  });
  const organization = await prepareOrganization(server);
  const { page, context } = await openConsole(browser, server.url, {
    ...{ viewport: { width: 1200, height: 720 }, colorScheme: "light" },
  });
  return {
    ...{ ...organization, server, page },
    take: (name: string) =>
      page.screenshot({ path: join(directory, `${name}.png`) }),
    close: async () => {
      await context.close();
      await server.close();
    },
  };
}

/** Who is locked in the pictures. */
const people = ["ann.lee@example.com", "b.okafor@example.com"];

/** What a help desk sees, and who sets the policy. */
async function takeHelpDesk(browser: Browser): Promise<void> {
  const camera = await openCamera(browser);
  const { server, stage, users, fail, headers, page, take } = camera;
  for (const [index, name] of people.entries()) {
    const userId = `${1001 + index}`;
    await users.putUser({ userId, aliases: [name] }, { headers });
    for (let failures = 0; failures < 5; failures += 1) {
      await fail(userId);
      server.advance(7000);
    }
    server.advance(60_000);
  }
  await signIn(page, stage.orgOwner);
  await page.getByRole("link", { name: people[0] ?? "" }).waitFor();
  await take("locked-users");
  await page.getByRole("link", { name: people[0] ?? "" }).click();
  await page.getByText("Wrong password", { exact: true }).first().waitFor();
  await take("user");
  await page.getByRole("link", { name: "Policy", exact: true }).click();
  await page.getByRole("textbox", { name: "Lock duration" }).fill("15m");
  await page.getByText("before: met").first().waitFor();
  await take("policy");
  await camera.close();
}

/** An attack: half an hour with few failures, then many users are locked. */
async function takeAttack(browser: Browser): Promise<void> {
  const camera = await openCamera(browser);
  const { server, stage, fail, page, take } = camera;
  for (let minute = 0; minute < 30; minute += 1) {
    const users = minute < 22 ? 1 + (minute % 3) : 12;
    for (let user = 0; user < users; user += 1) {
      await fail(`user${(minute * 7 + user * 3) % 23}`);
    }
    server.advance(60_000);
  }
  await signIn(page, await stage.token(["IAM_OWNER"]));
  const pages = [
    ["Overview", page.getByRole("img").first()],
    ["Events", page.getByRole("row").nth(9)],
    ["Access", page.getByRole("row").nth(2)],
  ] as const;
  for (const [title, content] of pages) {
    await page.getByRole("link", { name: title, exact: true }).click();
    await page.getByRole("heading", { name: title, level: 1 }).waitFor();
    await content.waitFor();
    await take(title.toLowerCase());
  }
  await camera.close();
}

test("the pictures of the console were made from these sources", async () => {
  if (process.env["RECORD"] === "1") {
    expect(executablePath, "there is no chromium").not.toBe(undefined);
    await buildConsole();
    await mkdir(directory, { recursive: true });
    const browser = await startBrowser();
    await takeHelpDesk(browser);
    await takeAttack(browser);
    await browser.close();
    await writeFile(hashFile, `${await hashSources()}\n`);
  }
  const guide = await readFile(join(root, "docs/how-to/console.md"), "utf8");
  const pictures = (await readdir(directory)).filter((name) =>
    name.endsWith(".png"),
  );
  expect(
    Array.from(
      guide.matchAll(/\]\(\.\.\/console\/([^)]+)\)/g),
      ([, name]) => name,
    ).sort(),
    "the guide shows each picture once",
  ).toEqual(pictures.sort());
  for (const name of pictures) {
    const picture = await readFile(join(directory, name));
    expect(picture.subarray(1, 4).toString()).toBe("PNG");
  }
  expect(
    await readFile(hashFile, "utf8"),
    "the console was changed: npm run docs:pictures makes its pictures anew",
  ).toBe(`${await hashSources()}\n`);
});
