import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import {
  buildConsole,
  executablePath,
  openPage,
  startBrowser,
} from "./browser.ts";
import { prepareOrganization } from "./stage.ts";

// The pictures of docs/console.md. `CONSOLE_DOCS=1 npx vitest run test/console/pictures.test.ts` makes them anew.

const docs = join(import.meta.dirname, "../../docs");

describe.skipIf(executablePath === undefined)("docs/console.md", () => {
  let server: TestServer;
  let browser: Browser;

  beforeAll(async () => {
    await buildConsole();
    server = await startTestServer({
      defaultPolicy: { maxPasswordAttempts: 3, maxOtpAttempts: 5 },
    });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  it("shows pages as they are, by the names that they have there", async () => {
    const text = await readFile(join(docs, "console.md"), "utf8");
    const { stage, fail } = await prepareOrganization(server);
    const token = await stage.token(["IAM_OWNER"]);
    // Half an hour with few failures, then a storm.
    const minute = 60_000;
    for (let step = 0; step < 30; step += 1) {
      const users = step < 22 ? 1 + (step % 3) : 12;
      for (let user = 0; user < users; user += 1) {
        await fail(`user${(step * 7 + user * 3) % 23}`);
      }
      server.advance(minute);
    }
    const views = [
      ["overview", "Overview", (page: Page) => page.getByRole("img").first()],
      ["events", "Events", (page: Page) => page.getByRole("row").nth(9)],
      ["access", "Access", (page: Page) => page.getByRole("row").nth(2)],
    ] as const;
    for (const [name, title, content] of views) {
      const { page, context } = await openPage(
        ...([browser, server.url, { token, name, title }] as const),
        { viewport: { width: 1280, height: 900 } },
      );
      await content(page).waitFor();
      expect(text).toContain(`## ${title}\n\n![`);
      expect(text).toContain(`(console/${name}.png)`);
      if (process.env["CONSOLE_DOCS"] !== undefined) {
        await mkdir(join(docs, "console"), { recursive: true });
        await page.screenshot({ path: join(docs, "console", `${name}.png`) });
      }
      expect(
        (await readFile(join(docs, "console", `${name}.png`))).subarray(1, 4),
      ).toEqual(Buffer.from("PNG"));
      await context.close();
    }
  });
});
