import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import {
  buildConsole,
  executablePath,
  openConsole,
  signIn,
  startBrowser,
} from "./browser.ts";
import { countTask, focused } from "./counted-task.ts";
import { lockingPolicy, prepareOrganization } from "./stage.ts";

describe.skipIf(executablePath === undefined)(
  "what a help desk does in the console",
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

    const openAs = async (token: string) => {
      const tab = await openConsole(browser, server.url);
      await signIn(tab.page, token);
      return tab;
    };

    it("finds a locked user by login name, says why, unlocks with a reason, and sees that it worked, by keyboard alone", async () => {
      const { desk, lockAll, attempts, headers } =
        await prepareOrganization(server);
      await lockAll(["ann@x", "bob@x"]);
      const { page, context, problems } = await openAs(desk);
      const task = countTask(page, "find, why, unlock");
      await task.press("/");
      await task.type("ann");
      await task.press("Enter");
      // Nobody else has it: the user is shown at once.
      await page
        .getByText("1 failure (Password) reached the limit of 1.")
        .waitFor();
      await page.getByText("The last attempt came from 192.0.2.7.").waitFor();
      await page
        .getByText("The next attempt would be refused: locked.")
        .waitFor();
      // The new page has the focus: its first button is next.
      await task.press("Tab");
      await focused(page, "Unlock");
      await task.press("Enter");
      await page.getByRole("dialog").waitFor();
      await task.type("called, knows the cat");
      await task.press("Enter");
      await page.getByText("Unlocked: 1").waitFor();
      await page.getByText("The user is not locked.").waitFor();
      await page.getByText("called, knows the cat").waitFor();
      task.end();
      const { totalSize } = await attempts.listLockedUsers({}, { headers });
      expect(totalSize).toBe(1);
      expect(problems).toEqual([]);
      await context.close();
    });

    it("unlocks forty after a storm, and sees that it worked, by keyboard alone", async () => {
      const { desk, lockAll, attempts, headers } =
        await prepareOrganization(server);
      await lockAll(
        Array.from({ length: 40 }, (_, index) => `person${index}@x`),
      );
      const { page, context, problems } = await openAs(desk);
      await total(page, 40).waitFor();
      const task = countTask(page, "unlock forty");
      // The page of locked users. Then export, three filters, and all of the table.
      await task.press("2");
      for (let tab = 1; tab <= 5; tab += 1) {
        await task.press("Tab");
      }
      await focused(page, "Select all on this page");
      await task.press("Space");
      await page
        .getByRole("button", { name: "Unlock selected (40)" })
        .waitFor();
      await task.press("Shift+Tab");
      await focused(page, "Unlock selected (40)");
      await task.press("Enter");
      const dialog = page.getByRole("dialog");
      expect(await dialog.getByRole("listitem").count()).toBe(40);
      await task.type("storm is over");
      await task.press("Enter");
      await page.getByText("Unlocked: 40").waitFor();
      await page.getByText("Nobody is locked.").waitFor();
      task.end();
      const { totalSize } = await attempts.listLockedUsers({}, { headers });
      expect(totalSize).toBe(0);
      expect(problems).toEqual([]);
      await context.close();
    });

    it("selects one of two users of one id in different organisations, and unlocks that one", async () => {
      const one = await prepareOrganization(server);
      const other = await prepareOrganization(server);
      for (const { users, headers, fail } of [one, other]) {
        await users.putUser(
          { userId: "twin", aliases: ["twin@x"] },
          { headers },
        );
        await fail("twin");
      }
      const { page, context, problems } = await openAs(
        await one.stage.token(["IAM_OWNER"]),
      );
      await page.getByRole("link", { name: "Locked users" }).click();
      await page
        .getByRole("combobox", { name: "Organisation" })
        .selectOption("*");
      await page
        .getByRole("row", { name: `twin@x ${one.stage.orgId}` })
        .getByRole("checkbox")
        .check();
      await page.getByRole("button", { name: "Unlock selected (1)" }).click();
      await page.getByRole("dialog").waitFor();
      await page.keyboard.type("called");
      await page.keyboard.press("Enter");
      await page.getByText("Unlocked: 1").waitFor();
      const isLocked = async ({ attempts, headers }: typeof one) =>
        (await attempts.getLockout({ userId: "twin" }, { headers })).locked;
      expect([await isLocked(one), await isLocked(other)]).toEqual([
        false,
        true,
      ]);
      expect(problems).toEqual([]);
      await context.close();
    });

    it("sees what the filters leave, and turns pages", async () => {
      const { desk, lockAll, lock } = await prepareOrganization(server);
      await lockAll(
        Array.from({ length: 60 }, (_, index) => `person${index}@x`),
      );
      await lock("zoe", "zoe@x");
      const { page, context } = await openAs(desk);
      await total(page, 61).waitFor();
      await page.getByText("1–50 of 61").waitFor();
      await page.getByRole("button", { name: "Next" }).click();
      await page.getByText("51–61 of 61").waitFor();
      await page.getByRole("link", { name: "person0@x" }).waitFor();
      // A time that is counted from now is the same on all pages.
      await page
        .getByRole("combobox", { name: "Since" })
        .selectOption({ index: 1 });
      await page.getByText("1–50 of 61").waitFor();
      await page.getByRole("button", { name: "Next" }).click();
      await page.getByText("51–61 of 61").waitFor();
      await page.getByRole("link", { name: "person0@x" }).waitFor();
      await page.getByRole("textbox", { name: "Name begins with" }).fill("ZOE");
      await total(page, 1).waitFor();
      await page.getByRole("link", { name: "zoe@x" }).waitFor();
      await page.getByRole("combobox", { name: "Reason" }).selectOption("3");
      await page.getByText("No locked user fits the filters.").waitFor();
      await context.close();
    });

    it("locks, forgets devices and records a password change, each after it was explained", async () => {
      const { stage, lock, users, headers, attempts } =
        await prepareOrganization(server);
      await users.putUser({ userId: "joe", aliases: ["joe@x"] }, { headers });
      await lock("ann", "ann@x");
      const { page, context } = await openAs(stage.orgOwner);
      await page.goto(`${server.url}/ui/console#/users/${stage.orgId}/joe`);
      await page.getByText("The user is not locked.").waitFor();
      await page.getByRole("button", { name: "Lock" }).click();
      await page.getByText("Nobody is let in as this user").waitFor();
      await page.keyboard.press("Enter");
      await page
        .getByText("An administrator locked the user.")
        .first()
        .waitFor();
      expect(
        (await attempts.getLockout({ userId: "joe" }, { headers })).locked,
      ).toBe(true);
      await page
        .getByRole("button", { name: "Record password change" })
        .click();
      await page.getByRole("dialog").waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await focused(page, "Record password change");
      await page.keyboard.press("Enter");
      await page.getByText("The password was changed where").waitFor();
      await page.keyboard.press("Enter");
      await page.getByText("The password change is recorded.").waitFor();
      await page.getByText("Password changed").waitFor();
      await context.close();
    });

    it("goes by Tab through a page in the order in which it is read", async () => {
      const { desk, lock } = await prepareOrganization(server);
      await lock("ann", "ann@x");
      const { page, context } = await openAs(desk);
      await page.reload();
      await page.getByRole("link", { name: "ann@x" }).waitFor();
      const names: string[] = [];
      while (names.at(-1) !== "Use these keys" && names.length < 30) {
        await page.keyboard.press("Tab");
        names.push(await page.evaluate<string>(nameOfFocused));
      }
      expect(names).toEqual([
        ...["Skip to content", "Find a user", "Find", "Sign out"],
        ...["Overview", "Locked users", "Policy", "Events"],
        ...["Export CSV", "Reason", "Since", "Name begins with"],
        ...["Select all on this page", "Select ann@x", "ann@x"],
        ...["Unlock ann@x", "Use these keys"],
      ]);
      await context.close();
    });

    it("offers nothing that the roles do not permit", async () => {
      const { stage, lock } = await prepareOrganization(server);
      await lock("ann", "ann@x");
      const { page, context } = await openAs(
        await stage.token(["ORG_OWNER_VIEWER"]),
      );
      await page.getByRole("link", { name: "ann@x" }).click();
      await page.getByRole("heading", { name: "What happened" }).waitFor();
      for (const name of [/Unlock/, /^Lock/, /Forget/, /Record/]) {
        expect(await page.getByRole("button", { name }).count()).toBe(0);
      }
      await context.close();
    });
  },
);

function total(page: Page, count: number) {
  return page.locator(`[data-total="${count}"]`);
}

/** The name of what has the focus, without the options of a list. */
const nameOfFocused = `(() => {
  const { ariaLabel, labels, textContent } = document.activeElement;
  const texts = [...(labels?.[0]?.childNodes ?? [])].filter((node) => node.nodeType === Node.TEXT_NODE);
  return ariaLabel ?? (texts.map((node) => node.data).join("").trim() || textContent.trim());
})()`;
