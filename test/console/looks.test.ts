import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, it } from "vitest";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import {
  buildConsole,
  executablePath,
  inspect,
  looks,
  openConsole,
  signIn,
  startBrowser,
} from "./browser.ts";
import { hostile, lockingPolicy, prepareOrganization } from "./stage.ts";

describe.skipIf(executablePath === undefined)(
  "the pages of the console",
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

    it.each([
      ...looks.map((look) => ({ ...look, scale: 1 })),
      // What a window of 1280 pixels has at 200 %, and of the least width that is looked after.
      { look: "zoomed", colorScheme: "light" as const, width: 640, scale: 2 },
      { look: "narrow", colorScheme: "dark" as const, width: 320, scale: 1 },
    ])(
      "axe finds nothing in them, and they fit: $look",
      async ({ look, colorScheme, width, scale }) => {
        const { desk, lock } = await prepareOrganization(server);
        const { page, context } = await openConsole(browser, server.url, {
          ...{ colorScheme, viewport: { width, height: 800 } },
          ...{ deviceScaleFactor: scale, reducedMotion: "reduce" },
        });
        const check = (name: string) => inspect(page, `${name}-${look}`);
        await page.getByRole("heading", { name: "Sign in" }).waitFor();
        await check("sign-in");
        await page.getByRole("textbox", { name: "Token" }).fill("wrong");
        await page.keyboard.press("Enter");
        await page.getByText("does not know this token").waitFor();
        await check("sign-in-refused");
        await page.getByRole("textbox", { name: "Token" }).fill("");
        await signIn(page, desk);
        await page.getByText("Nobody is locked.").waitFor();
        await check("locked-users-empty");
        for (const [index, name] of ["ann@x", ...hostile].entries()) {
          await lock(`u${index}`, name);
        }
        await page.getByRole("link", { name: "ann@x" }).waitFor();
        await check("locked-users");
        await page.getByRole("button", { name: "Unlock ann@x" }).click();
        await page.getByRole("dialog").waitFor();
        await check("unlock");
        await page.keyboard.press("Escape");
        await page.getByRole("link", { name: "ann@x" }).click();
        await page.getByText("Wrong password", { exact: true }).waitFor();
        await check("user");
        await page.getByRole("textbox", { name: "Find a user" }).fill("x");
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { name: "Users with" }).waitFor();
        await page.getByRole("link", { name: "ann@x" }).waitFor();
        await check("find");
        await page.goto(`${server.url}/ui/console#/users/none/nobody`);
        await page.getByRole("alert").filter({ hasText: /./ }).waitFor();
        await check("user-unknown");
        await context.close();
      },
    );
  },
);
