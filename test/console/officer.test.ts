import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
import { countTask, focused } from "./counted-task.ts";
import { hold } from "./held-calls.ts";
import { prepareOrganization } from "./stage.ts";

describe.skipIf(executablePath === undefined)(
  "what a security officer does with the policy",
  () => {
    let server: TestServer;
    let browser: Browser;

    beforeAll(async () => {
      await buildConsole();
      server = await startTestServer({
        defaultPolicy: { maxPasswordAttempts: 5, maxOtpAttempts: 5 },
      });
      browser = await startBrowser();
    });
    afterAll(async () => {
      await server.close();
    });

    it("sees what a lock of 15 minutes changes for guess budgets and standards, sets it, and rolls it back, by keyboard alone", async () => {
      const { stage, policies, headers } = await prepareOrganization(server);
      const { page, context, problems } = await openConsole(
        browser,
        server.url,
      );
      await signIn(page, stage.orgOwner);
      const task = countTask(
        page,
        "what a lock of 15 minutes changes, set and rolled back",
      );
      await task.press("3");
      await page
        .getByRole("heading", { name: "Policy", exact: true })
        .waitFor();
      const budgets = page.getByRole("table", {
        name: "Guesses that a stranger has",
      });
      await budgets.getByRole("row", { name: /^Password 5 5/ }).waitFor();
      const standard = (name: string) =>
        page.getByRole("listitem").filter({ hasText: name }).first();
      await standard("nist-800-63b-4")
        .getByText("met", { exact: true })
        .first()
        .waitFor();
      for (let tab = 1; tab <= 3; tab += 1) {
        await task.press("Tab");
      }
      await expect
        .poll(() =>
          page.evaluate("document.activeElement.labels?.[0].textContent"),
        )
        .toBe("Lock duration");
      await task.type("15m");
      // Before it is saved: what changes, guesses before and after, and what is missed from then on.
      await page
        .getByRole("table", { name: "What changes" })
        .getByRole("row", { name: "Lock duration none 15m" })
        .waitFor();
      await budgets
        .getByRole("row", { name: /^Password 5 480 5 175,200/ })
        .waitFor();
      await standard("nist-800-63b-4").getByText("before: met").waitFor();
      expect(
        (await policies.getPolicy({}, { headers })).rules?.lockDuration,
      ).toBe(undefined);
      await task.press("Enter");
      await page.getByText("Saved.", { exact: true }).waitFor();
      await focused(page, "Undo");
      const { rules } = await policies.getPolicy({}, { headers });
      expect(Number(rules?.lockDuration?.seconds)).toBe(900);
      await page
        .getByRole("table", { name: "History" })
        .getByText("Lock duration none → 15m")
        .waitFor();
      await task.press("Enter");
      await page.getByText("Undone: the policy is as it was.").waitFor();
      await budgets.getByRole("row", { name: /^Password 5 5/ }).waitFor();
      task.end();
      const after = await policies.getPolicy({}, { headers });
      expect(after.rules?.lockDuration).toBe(undefined);
      expect(problems).toEqual([]);
      await context.close();
    });

    it("rolls back to any change of the history, numbers and rules", async () => {
      const { stage, policies, headers } = await prepareOrganization(server);
      const { page, context } = await openConsole(browser, server.url);
      await signIn(page, stage.orgOwner);
      await page.getByRole("link", { name: "Policy", exact: true }).click();
      const save = async (fields: Readonly<Record<string, string>>) => {
        for (const [name, value] of Object.entries(fields)) {
          await page.getByRole("textbox", { name, exact: true }).fill(value);
        }
        await page.getByRole("button", { name: "Save" }).click();
        await page.getByText("Nothing yet.").waitFor();
        await page.getByRole("button", { name: "Undo" }).waitFor();
      };
      await save({ "Wrong passwords": "3" });
      await save({
        "Wrong passwords": "4",
        Ceiling: "100",
        "Lock duration": "30 min",
      });
      // A ceiling may not be below the numbers that hold: they go first.
      await save({ "Wrong passwords": "2", "Wrong codes": "2", Ceiling: "3" });
      const changed = await policies.getPolicy({}, { headers });
      expect(changed).toMatchObject({
        maxPasswordAttempts: 2n,
        rules: { ceiling: 3, lockDuration: { seconds: 1800n } },
      });
      const history = page.getByRole("table", { name: "History" });
      await history
        .getByRole("row")
        .filter({ hasText: "Wrong passwords 5 → 3" })
        .getByRole("button", { name: "Roll back" })
        .click();
      await page.getByRole("dialog").waitFor();
      await page.keyboard.press("Enter");
      await page.getByText("Rolled back.").waitFor();
      const rolledBack = await policies.getPolicy({}, { headers });
      expect(rolledBack.maxPasswordAttempts).toBe(3n);
      expect(rolledBack.rules?.ceiling ?? 0).toBe(0);
      await page
        .getByRole("button", { name: "Use the default policy" })
        .click();
      await page.getByRole("dialog").waitFor();
      await page.keyboard.press("Enter");
      await page.getByText("The default policy holds.").waitFor();
      expect(
        (await policies.getPolicy({}, { headers })).maxPasswordAttempts,
      ).toBe(5n);
      await context.close();
    });

    it("saves nothing on top of a policy that was not read since the last change", async () => {
      const { stage, policies, headers } = await prepareOrganization(server);
      const { page, context, problems } = await openConsole(
        browser,
        server.url,
      );
      await signIn(page, stage.orgOwner);
      await page.getByRole("link", { name: "Policy", exact: true }).click();
      const field = (name: string) =>
        page.getByRole("textbox", { name, exact: true });
      const save = page.getByRole("button", { name: "Save" });
      await field("Lock duration").fill("15m");
      const reads = await hold(page, "GetPolicy");
      await save.click();
      const read = await reads.next();
      await page.getByText("Saved.", { exact: true }).waitFor();
      // What was saved is shown before it was read.
      expect(await field("Lock duration").inputValue()).toBe("15m");
      await field("Ceiling").fill("50");
      await page.getByRole("row", { name: "Ceiling none 50" }).waitFor();
      expect(await save.isDisabled()).toBe(true);
      await page.keyboard.press("Enter");
      await read.release();
      await reads.end();
      await expect.poll(() => save.isEnabled()).toBe(true);
      expect((await policies.getPolicy({}, { headers })).rules).toMatchObject({
        lockDuration: { seconds: 900n },
        ceiling: 0,
      });
      await save.click();
      await expect
        .poll(async () => (await policies.getPolicy({}, { headers })).rules)
        .toMatchObject({ lockDuration: { seconds: 900n }, ceiling: 50 });
      expect(problems).toEqual([]);
      await context.close();
    });

    it("is told what is wrong before anything is saved, and overwrites nobody's change", async () => {
      const { stage, policies, headers } = await prepareOrganization(server);
      const { page, context } = await openConsole(browser, server.url);
      await signIn(page, stage.orgOwner);
      await page.getByRole("link", { name: "Policy", exact: true }).click();
      const field = (name: string) =>
        page.getByRole("textbox", { name, exact: true });
      const save = page.getByRole("button", { name: "Save" });
      await field("Lock duration").fill("15 parsecs");
      expect(await field("Lock duration").getAttribute("aria-invalid")).toBe(
        "true",
      );
      expect(await save.isDisabled()).toBe(true);
      await field("Lock duration").fill("");
      await field("Lock growth").fill("2");
      await page
        .getByRole("alert")
        .filter({ hasText: "lock_growth" })
        .waitFor();
      await field("Lock growth").fill("");
      await field("Ceiling").fill("50");
      await policies.setRules({ rules: { ceiling: 60 } }, { headers });
      await save.click();
      await page
        .getByText("Somebody has changed the policy meanwhile")
        .waitFor();
      expect((await policies.getPolicy({}, { headers })).rules?.ceiling).toBe(
        60,
      );
      await context.close();
    });

    it("sees the default policy and whose policy differs, and changes nothing without the permission", async () => {
      const { stage, policies, headers } = await prepareOrganization(server);
      await policies.setRules({ rules: { ceiling: 77 } }, { headers });
      const { page, context } = await openConsole(browser, server.url);
      await signIn(page, await stage.token(["IAM_OWNER_VIEWER"]));
      await page.getByRole("link", { name: "Policy", exact: true }).click();
      await page.getByText("Rules: own").waitFor();
      expect(
        await page.getByRole("textbox", { name: "Ceiling" }).isDisabled(),
      ).toBe(true);
      expect(await page.getByRole("button", { name: "Save" }).count()).toBe(0);
      await page.getByRole("link", { name: "Default of all" }).click();
      await page
        .getByRole("table", {
          name: "Organisations with a policy of their own",
        })
        .getByText("Ceiling none → 77")
        .waitFor();
      await context.close();
    });

    it.each([
      ...looks,
      { look: "light-320", colorScheme: "light" as const, width: 320 },
    ])(
      "axe finds nothing in the policy, and it fits: $look",
      async ({ look, colorScheme, width }) => {
        const { stage, policies, headers } = await prepareOrganization(server);
        const { page, context } = await openConsole(browser, server.url, {
          ...{ colorScheme, viewport: { width, height: 800 } },
          reducedMotion: "reduce",
        });
        await signIn(page, stage.orgOwner);
        await page.getByRole("link", { name: "Policy", exact: true }).click();
        await page.getByText("The policy was never changed.").waitFor();
        await inspect(page, `policy-empty-${look}`);
        await policies.setRules({ rules: { ceiling: 77 } }, { headers });
        await page.reload();
        await page.getByText("Ceiling none → 77").waitFor();
        await page.getByRole("textbox", { name: "Lock duration" }).fill("15m");
        await page.getByText("before: met").first().waitFor();
        await page.getByText("nist-800-63b-4").click();
        await inspect(page, `policy-changed-${look}`);
        await page.getByRole("textbox", { name: "Lock duration" }).fill("");
        await page.getByRole("textbox", { name: "Lock growth" }).fill("2");
        await page
          .getByRole("alert")
          .filter({ hasText: "lock_growth" })
          .waitFor();
        await inspect(page, `policy-refused-${look}`);
        await context.close();
      },
    );
  },
);
