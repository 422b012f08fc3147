import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { roles } from "../../src/auth/roles.ts";
import { roleTexts } from "../../src/console/texts/access.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import {
  buildConsole,
  executablePath,
  inspect,
  looks,
  openPage,
  startBrowser,
} from "./browser.ts";
import { hostile, prepareOrganization } from "./stage.ts";

const access = { name: "access", title: "Access" };

it("has words for every role", () => {
  expect(Object.keys(roleTexts)).toEqual(Object.keys(roles));
});

describe.skipIf(executablePath === undefined)("the pages of access", () => {
  let server: TestServer;
  let browser: Browser;

  beforeAll(async () => {
    await buildConsole();
    server = await startTestServer();
    browser = await startBrowser();
  });
  afterAll(async () => {
    await server.close();
  });
  const row = (page: Page, text: string) =>
    page.getByRole("row").filter({ hasText: text });
  const callerOf = (token: string) =>
    createClient(
      AccessService,
      createGrpcTransport({ baseUrl: server.url }),
    ).getCaller({}, { headers: { authorization: `Bearer ${token}` } });
  const go = async (page: Page, section: string) => {
    await page.getByRole("link", { name: section, exact: true }).click();
    await page.getByRole("heading", { name: section, level: 2 }).waitFor();
  };

  it("create tokens, whose secrets are shown once, and revoke them after a question", async () => {
    const { page, context, problems } = await openPage(browser, server.url, {
      ...{ token: server.adminToken, ...access },
    });
    await page.getByText("Create a token").click();
    await page.getByRole("textbox", { name: "Name" }).fill(hostile[0] ?? "");
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByText("Choose at least one role.").waitFor();
    await page.getByRole("checkbox", { name: "ORG_USER_MANAGER" }).check();
    await page.getByRole("button", { name: "Create" }).click();
    const shown = page.locator("[data-secret]");
    const secret = (await shown.textContent()) ?? "";
    expect(await callerOf(secret)).toMatchObject({
      name: hostile[0],
      roles: ["ORG_USER_MANAGER"],
    });
    await page.getByRole("button", { name: "I have it" }).click();
    expect(await shown.count()).toBe(0);
    expect(await page.content()).not.toContain(secret);
    expect(
      await page.evaluate(
        "JSON.stringify([Object.values(sessionStorage), Object.values(localStorage), location.href])",
      ),
    ).not.toContain(secret);
    const made = row(page, "ORG_USER_MANAGER");
    expect(await page.locator("main img").count()).toBe(0);
    await made.getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("dialog").waitFor();
    // Nothing takes it back: Enter alone does not do it.
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect((await callerOf(secret)).roles).toHaveLength(1);
    await made.getByRole("button", { name: "Revoke" }).click();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: "Revoke" })
      .click();
    await made.waitFor({ state: "detached" });
    await expect(callerOf(secret)).rejects.toThrow(/unauthenticated/);
    expect(problems).toEqual([]);
    await context.close();
  });

  it("create organisations, and service accounts with secrets", async () => {
    const { page, context, problems } = await openPage(browser, server.url, {
      ...{ token: server.adminToken, ...access },
    });
    await go(page, "Organisations");
    await page.getByText("Create an organisation").click();
    await page.getByRole("textbox", { name: "Name" }).fill("Second & Sons");
    await page.keyboard.press("Enter");
    await row(page, "Second & Sons").waitFor();
    await go(page, "Service accounts");
    await page.getByText("There are none.").waitFor();
    await page.getByText("Create a service account").click();
    await page.getByRole("textbox", { name: "Login name" }).fill("login");
    await page.getByRole("checkbox", { name: "IAM_LOGIN_CLIENT" }).check();
    await page.getByRole("button", { name: "Create" }).click();
    const made = row(page, "IAM_LOGIN_CLIENT");
    await made.getByText("has none").waitFor();
    await made.getByRole("button", { name: "New secret login" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "New secret" }).click();
    await page.getByText("Client id: login").waitFor();
    expect(await page.locator("[data-secret]").textContent()).toMatch(
      /^\S{64}$/,
    );
    await made.getByText("has one").waitFor();
    await made.getByRole("button", { name: "Delete login" }).click();
    await dialog.getByRole("button", { name: "Delete" }).click();
    await page.getByText("There are none.").waitFor();
    expect(problems).toEqual([]);
    await context.close();
  });

  it("create hooks, test and disable them, and show what was sent", async () => {
    const { stage } = await prepareOrganization(server);
    const { page, context, problems } = await openPage(browser, server.url, {
      token: await stage.token(["IAM_OWNER"]),
      ...access,
    });
    await go(page, "Hooks");
    await page.getByText("Create a hook").click();
    const url = "https://hooks.invalid/lockoutd";
    await page.getByRole("textbox", { name: "URL" }).fill(url);
    await page.getByRole("checkbox", { name: "Security" }).check();
    await page.getByRole("button", { name: "Create" }).click();
    await page.locator("[data-secret]", { hasText: /^whsec_/ }).waitFor();
    await row(page, url).getByText("Enabled").waitFor();
    await page.getByRole("button", { name: `Test ${url}` }).click();
    await page.getByText(`Test: ${url}: Unreachable`).waitFor();
    await page.getByRole("button", { name: `Disable ${url}` }).click();
    await row(page, url).getByText("by an administrator").waitFor();
    await page.getByRole("button", { name: `Enable ${url}` }).waitFor();
    await page.getByRole("link", { name: `Show deliveries of ${url}` }).click();
    await page.getByRole("heading", { name: "Deliveries" }).waitFor();
    await page.getByRole("cell", { name: "Unreachable" }).waitFor();
    await page.getByRole("link", { name: "Hooks" }).first().click();
    await page
      .getByRole("combobox", { name: "Organisation" })
      .selectOption("*");
    await page
      .getByRole("heading", { name: "Hooks of the installation" })
      .waitFor();
    await page.getByText("There are none.").waitFor();
    expect(problems).toEqual([]);
    await context.close();
  });

  it("say where somebody looks that something failed: in the dialog that asked, the form that was sent, beside the button", async () => {
    const { stage } = await prepareOrganization(server);
    const { page, context } = await openPage(browser, server.url, {
      token: await stage.token(["IAM_OWNER"]),
      ...access,
    });
    const problem = (within: Locator) =>
      within.getByRole("alert").filter({ hasText: /./ });
    const gone = await stage.token(["ORG_OWNER_VIEWER"]);
    await page.reload();
    const revoke = row(page, "ORG_OWNER_VIEWER").getByRole("button");
    await revoke.click();
    const { id: tokenId } = await callerOf(gone);
    await createClient(
      AccessService,
      createGrpcTransport({ baseUrl: server.url }),
    ).revokeToken(
      { tokenId },
      { headers: { authorization: `Bearer ${server.adminToken}` } },
    );
    const dialog = page.getByRole("dialog");
    const confirm = dialog.getByRole("button", { name: "Revoke" });
    await confirm.focus();
    await page.keyboard.press("Enter");
    await problem(dialog).waitFor();
    expect(
      await page.evaluate(
        "document.activeElement.closest('dialog') && document.activeElement.textContent",
      ),
    ).toBe("Revoke");
    expect(await problem(page.locator("main > *:not(dialog)")).count()).toBe(0);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect(await page.evaluate("document.activeElement.ariaLabel")).toBe(
      await revoke.getAttribute("aria-label"),
    );
    await page.getByText("Create a token").click();
    const form = page.getByRole("form", { name: "Create a token" });
    const name = page.getByRole("textbox", { name: "Name" });
    await name.fill("n".repeat(1000));
    await page.getByRole("checkbox", { name: "ORG_USER_MANAGER" }).check();
    await name.press("Enter");
    await problem(form).filter({ hasText: "name" }).waitFor();
    expect(await name.inputValue()).toHaveLength(1000);
    await go(page, "Hooks");
    await page.getByText("Create a hook").click();
    const url = "https://hooks.invalid/away";
    await page.getByRole("textbox", { name: "URL" }).fill(url);
    await page.keyboard.press("Enter");
    await page.locator("[data-secret]").waitFor();
    await page.route("**/*HookService/*", (route) => route.abort());
    await page.getByRole("button", { name: `Test ${url}` }).click();
    await problem(row(page, url)).filter({ hasText: "reached" }).waitFor();
    await context.close();
  });

  it("are for IAM_OWNER alone", async () => {
    const { stage } = await prepareOrganization(server);
    for (const role of ["ORG_OWNER", "IAM_OWNER_VIEWER"]) {
      const { page, context } = await openPage(browser, server.url, {
        token: await stage.token([role]),
        ...{ name: "access", title: "Overview" },
      });
      expect(await page.getByRole("link", { name: "Access" }).count()).toBe(0);
      await context.close();
    }
  });

  it.each(looks)(
    "$look: are without a fault by axe, and fit",
    async ({ look: name, colorScheme, width }) => {
      const { stage } = await prepareOrganization(server);
      const token = await stage.token(["IAM_OWNER"]);
      const { page, context } = await openPage(
        ...([browser, server.url, { token, ...access }] as const),
        { colorScheme, viewport: { width, height: 800 } },
      );
      const look = (state: string) => inspect(page, `access-${state}-${name}`);
      await row(page, "IAM_OWNER").first().waitFor();
      await page.getByText("Create a token").click();
      await look("tokens");
      await row(page, "IAM_OWNER")
        .first()
        .getByRole("button", { name: "Revoke" })
        .click();
      await look("revoke");
      await page.keyboard.press("Escape");
      await go(page, "Service accounts");
      await page.getByText("There are none.").waitFor();
      await look("accounts");
      await go(page, "Organisations");
      await row(page, "stage").first().waitFor();
      await look("organizations");
      await go(page, "Hooks");
      await page.getByText("Create a hook").click();
      await page
        .getByRole("textbox", { name: "URL" })
        .fill(`https://hooks.invalid/${"x".repeat(150)}`);
      await page.getByRole("button", { name: "Create" }).click();
      await page.getByRole("button", { name: /^Test / }).click();
      await page.getByText(/^Test: .*Unreachable/).waitFor();
      await look("hooks");
      await page.getByRole("link", { name: /^Show deliveries/ }).click();
      await page.getByRole("cell", { name: "Unreachable" }).waitFor();
      await look("deliveries");
      await context.close();
    },
  );
});
