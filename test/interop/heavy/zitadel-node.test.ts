import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stage } from "../../cases/situation.ts";
import { setStage } from "../../cases/stage.ts";
import { startTestServer } from "../../support/server.ts";
import type { TestServer } from "../../support/server.ts";
import { saySkipped } from "../support/find-program.ts";
import { registerUser } from "../support/register-user.ts";
import { runProgram } from "../support/run-program.ts";
import { makeServiceAccount } from "../support/service-account.ts";
import type { InteropAccount } from "../support/service-account.ts";
import { stageEnvironment } from "../support/stage-environment.ts";
import { lastLine, toolCache } from "../support/tool-cache.ts";
import type { Tool } from "../support/tool-cache.ts";

const directory = fileURLToPath(new URL("node/", import.meta.url));

const installed = await installPackages();
if (installed.path === undefined) {
  saySkipped("@zitadel/node", installed.missing);
}

/** Installs the packages that the program needs, and the program beside them, unless an earlier run did. */
async function installPackages(): Promise<Tool> {
  const lock = await readFile(join(directory, "package-lock.json"));
  const digest = createHash("sha256").update(lock).digest("hex");
  const path = join(toolCache, `node-${digest.slice(0, 12)}`);
  const complete = join(path, "complete");
  if (existsSync(complete)) {
    return { path };
  }
  await mkdir(path, { recursive: true });
  for (const name of ["package.json", "package-lock.json"]) {
    await copyFile(join(directory, name), join(path, name));
  }
  const { code, stderr } = await runProgram(
    "npm",
    ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
    { cwd: path },
  );
  if (code !== 0) {
    return { path: undefined, missing: `npm ci failed: ${lastLine(stderr)}` };
  }
  await writeFile(complete, "");
  return { path };
}

describe.skipIf(installed.path === undefined)("@zitadel/node", () => {
  const path = installed.path ?? "";
  let server: TestServer;
  let stage: Stage;
  let account: InteropAccount;

  beforeAll(async () => {
    server = await startTestServer();
    stage = await setStage(server);
    await registerUser(stage);
    account = await makeServiceAccount(server);
  });

  afterAll(async () => {
    await account.remove();
    await server.close();
  });

  it("signs in by a key file and makes every call about lockout, and those around them", async () => {
    // Modules are looked for beside the program.
    await copyFile(join(directory, "calls.js"), join(path, "calls.js"));
    const { code, stdout, stderr } = await runProgram("node", ["calls.js"], {
      cwd: path,
      env: { ...stageEnvironment(stage), ...account.env },
    });
    expect({ code, output: stdout + stderr }).toMatchObject({ code: 0 });
    expect(stdout.match(/^passed: \w+$/gm)).toEqual([
      "passed: signsIn",
      "passed: defaultPolicy",
      "passed: organisationPolicy",
      "passed: users",
      "passed: organisations",
      "passed: serviceAccounts",
    ]);
  });
});
