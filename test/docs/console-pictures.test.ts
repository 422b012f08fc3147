import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
const names = ["user", "locked-users", "policy"] as const;

/** Pages of which there is no picture, with their texts and styles. */
const notShown =
  /^(?:(?:texts|styles)\/)?(?:access|events|find|overview|sign-in)\b/;

/** The hash of all that the pictures are made from. */
async function hashSources(): Promise<string> {
  const hash = createHash("sha256");
  const sources = join(root, "src/console");
  const paths = (await readdir(sources, { recursive: true }))
    .filter((path) => /\.(?:tsx?|css)$/.test(path) && !notShown.test(path))
    .sort();
  for (const path of paths) {
    hash.update(`${path}\n`).update(await readFile(join(sources, path)));
  }
  return hash.update(await readFile(import.meta.filename)).digest("hex");
}

/** Who is locked in the pictures, and how many failures each had. */
const people = ["ann.lee@example.com", "b.okafor@example.com"];

async function takePictures(): Promise<void> {
  await buildConsole();
  const server = await startTestServer({
    defaultPolicy: { maxPasswordAttempts: 5, maxOtpAttempts: 5 },
  });
  const browser = await startBrowser();
  const { stage, users, fail, headers } = await prepareOrganization(server);
  for (const [index, name] of people.entries()) {
    const userId = `${1001 + index}`;
    await users.putUser({ userId, aliases: [name] }, { headers });
    for (let failures = 0; failures < 5; failures += 1) {
      await fail(userId);
      server.advance(7000);
    }
    server.advance(60_000);
  }
  const { page, context } = await openConsole(browser, server.url, {
    ...{ viewport: { width: 1200, height: 720 }, colorScheme: "light" },
  });
  const take = (name: (typeof names)[number]) =>
    page.screenshot({ path: join(directory, `${name}.png`) });
  await mkdir(directory, { recursive: true });
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
  await context.close();
  await browser.close();
  await server.close();
}

test("the pictures of the console were made from these sources", async () => {
  if (process.env["RECORD"] === "1") {
    expect(executablePath, "there is no chromium").not.toBe(undefined);
    await takePictures();
    await writeFile(hashFile, `${await hashSources()}\n`);
  }
  const page = await readFile(join(root, "docs/how-to/console.md"), "utf8");
  for (const name of names) {
    expect(page).toContain(`(../console/${name}.png)`);
    const picture = await readFile(join(directory, `${name}.png`));
    expect(picture.subarray(1, 4).toString()).toBe("PNG");
  }
  expect(
    await readFile(hashFile, "utf8"),
    "the console was changed: npm run docs:pictures makes its pictures anew",
  ).toBe(`${await hashSources()}\n`);
});
