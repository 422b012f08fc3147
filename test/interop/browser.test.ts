import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { findProgram, saySkipped } from "./support/find-program.ts";
import { startPageServer } from "./support/page-server.ts";
import type { PageServer } from "./support/page-server.ts";

const executablePath = findProgram("chromium", "chromium-browser");
if (executablePath === undefined) {
  saySkipped(
    "the page in a real browser",
    "there is no chromium on the PATH (Debian: apt-get install chromium)",
  );
}

describe.skipIf(executablePath === undefined)("a page in Chromium", () => {
  let browser: Browser;
  let pages: PageServer;
  let open: TestServer;
  let closed: TestServer;

  beforeAll(async () => {
    pages = await startPageServer();
    open = await startTestServer({ corsOrigins: [pages.origin] });
    closed = await startTestServer({
      corsOrigins: ["http://another.example"],
    });
    browser = await chromium.launch({
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
  });

  afterAll(async () => {
    await browser.close();
    await pages.close();
    await open.close();
    await closed.close();
  });

  /** Calls UpdateLockoutPolicy from a fresh page, so that no preflight is remembered. */
  async function update(
    server: TestServer,
    protocol: "gRPC-Web" | "Connect",
    ...updates: readonly { maxPasswordAttempts: number }[]
  ) {
    const context = await browser.newContext();
    const page = await context.newPage();
    const requests = await watchMethods(page, server.url);
    await page.goto(pages.origin);
    await page.waitForFunction("globalThis.updateLockoutPolicy !== undefined");
    const answers: unknown[] = [];
    for (const limits of updates) {
      const call = {
        protocol,
        baseUrl: server.url,
        token: server.adminToken,
        limits,
      };
      answers.push(
        await page.evaluate(`updateLockoutPolicy(${JSON.stringify(call)})`),
      );
    }
    await context.close();
    return { answers, requests };
  }

  it.each([
    { protocol: "gRPC-Web", maxPasswordAttempts: 5 },
    { protocol: "Connect", maxPasswordAttempts: 6 },
  ] as const)(
    "updates the policy from another origin by $protocol, after a preflight, and reads why it cannot twice",
    async ({ protocol, maxPasswordAttempts }) => {
      const limits = { maxPasswordAttempts };
      const { answers, requests } = await update(
        open,
        protocol,
        limits,
        limits,
      );
      expect(answers).toEqual([
        { resourceOwner: open.instanceId },
        {
          code: "FailedPrecondition",
          message: "Errors.IAM.LockoutPolicy.NotChanged (INSTANCE-0psjF)",
          details: [
            {
              id: "INSTANCE-0psjF",
              message: "Errors.IAM.LockoutPolicy.NotChanged",
            },
          ],
        },
      ]);
      expect(requests).toContain("OPTIONS");
      expect(await passwordAttempts(open)).toBe(BigInt(maxPasswordAttempts));
    },
  );

  it("is refused by the browser where its origin is not in the list", async () => {
    const { answers, requests } = await update(closed, "gRPC-Web", {
      maxPasswordAttempts: 5,
    });
    expect(answers).toEqual([
      { code: "Unknown", message: "Failed to fetch", details: [] },
    ]);
    expect(requests).toContain("OPTIONS");
    expect(await passwordAttempts(closed)).toBe(0n);
  });
});

/** Collects the methods of what the page sends to the server, preflights too, which scripts do not see. */
async function watchMethods(
  page: Page,
  url: string,
): Promise<readonly string[]> {
  const methods: string[] = [];
  const session = await page.context().newCDPSession(page);
  session.on("Network.requestWillBeSent", ({ request }) => {
    if (request.url.startsWith(url)) {
      methods.push(request.method);
    }
  });
  await session.send("Network.enable");
  return methods;
}

async function passwordAttempts({
  url,
  adminToken,
}: TestServer): Promise<bigint | undefined> {
  const admin = createClient(
    AdminService,
    createGrpcTransport({ baseUrl: url }),
  );
  const { policy } = await admin.getLockoutPolicy(
    {},
    { headers: { authorization: `Bearer ${adminToken}` } },
  );
  return policy?.maxPasswordAttempts;
}
