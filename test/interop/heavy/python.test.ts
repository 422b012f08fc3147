import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stage } from "../../cases/situation.ts";
import { setStage } from "../../cases/stage.ts";
import { startTestServer } from "../../support/server.ts";
import type { TestServer } from "../../support/server.ts";
import { findProgram, saySkipped } from "../support/find-program.ts";
import { registerUser } from "../support/register-user.ts";
import { runProgram } from "../support/run-program.ts";
import { makeServiceAccount } from "../support/service-account.ts";
import type { InteropAccount } from "../support/service-account.ts";
import { stageEnvironment } from "../support/stage-environment.ts";
import { lastLine, toolCache } from "../support/tool-cache.ts";
import type { Tool } from "../support/tool-cache.ts";

const directory = fileURLToPath(new URL("python/", import.meta.url));

const python = await installPython();
if (python.path === undefined) {
  saySkipped("Python's grpcio and zitadel-client", python.missing);
}

/** Makes a virtual environment with the packages that the tests need, unless an earlier run did. */
async function installPython(): Promise<Tool> {
  const requirements = join(directory, "requirements.txt");
  const digest = createHash("sha256")
    .update(await readFile(requirements))
    .digest("hex");
  const environment = join(toolCache, `python-${digest.slice(0, 12)}`);
  const path = join(environment, "bin", "python");
  const complete = join(environment, "complete");
  if (existsSync(complete)) {
    return { path };
  }
  const system = findProgram("python3");
  if (system === undefined) {
    return { path: undefined, missing: "there is no python3 on the PATH" };
  }
  await mkdir(toolCache, { recursive: true });
  const venv = await runProgram(system, ["-m", "venv", "--clear", environment]);
  if (venv.code !== 0) {
    const why = lastLine(venv.stdout + venv.stderr);
    return { path: undefined, missing: `python3 -m venv failed: ${why}` };
  }
  const pip = await runProgram(path, [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--requirement",
    requirements,
  ]);
  if (pip.code !== 0) {
    const why = lastLine(pip.stdout + pip.stderr);
    return { path: undefined, missing: `pip install failed: ${why}` };
  }
  await writeFile(complete, "");
  return { path };
}

describe.skipIf(python.path === undefined)("Python", () => {
  const program = python.path ?? "";
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

  it.each([
    { module: "test_grpcio", count: 7 },
    { module: "test_zitadel_client", count: 6 },
  ])("passes the $count tests of $module", async ({ module, count }) => {
    const { code, stderr } = await runProgram(
      program,
      ["-m", "unittest", "-v", module],
      {
        cwd: directory,
        env: {
          ...stageEnvironment(stage),
          ...account.env,
          PYTHONDONTWRITEBYTECODE: "1",
        },
      },
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toMatch(
      new RegExp(String.raw`^Ran ${count} tests in [^\n]+\n+OK$`, "m"),
    );
  });
});
