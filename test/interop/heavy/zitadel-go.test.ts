import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setStage } from "../../cases/stage.ts";
import type { Stage } from "../../cases/situation.ts";
import { startTestServer } from "../../support/server.ts";
import type { TestServer } from "../../support/server.ts";
import { findProgram, saySkipped } from "../support/find-program.ts";
import { registerUser } from "../support/register-user.ts";
import { runProgram } from "../support/run-program.ts";
import { makeServiceAccount } from "../support/service-account.ts";
import type { InteropAccount } from "../support/service-account.ts";
import { stageEnvironment } from "../support/stage-environment.ts";
import { lastLine } from "../support/tool-cache.ts";

const directory = fileURLToPath(new URL("go/", import.meta.url));
const env = { GOFLAGS: "-mod=readonly" };

const missing = await missingGo();
if (missing !== undefined) {
  saySkipped("zitadel-go", missing);
}

async function missingGo(): Promise<string | undefined> {
  const go = findProgram("go");
  if (go === undefined) {
    return "there is no go on the PATH";
  }
  const { code, stderr } = await runProgram(go, ["mod", "download"], {
    cwd: directory,
    env,
  });
  return code === 0 ? undefined : `go mod download failed: ${lastLine(stderr)}`;
}

describe.skipIf(missing !== undefined)("zitadel-go", () => {
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

  it("passes the tests written in Go", async () => {
    const { code, stdout, stderr } = await runProgram(
      "go",
      ["test", "-count=1", "-v", "./..."],
      {
        cwd: directory,
        env: {
          ...env,
          ...stageEnvironment(stage),
          ...account.env,
        },
      },
    );
    expect({ code, output: stdout + stderr }).toMatchObject({ code: 0 });
    const passed = stdout.match(/^--- PASS: Test\w+/gm) ?? [];
    expect(passed.map((line) => line.slice("--- PASS: Test".length))).toEqual([
      "DefaultPolicy",
      "CompressedByGzip",
      "OrganisationPolicy",
      "UnknownOrganisation",
      "LockAndUnlockUser",
      "Lookups",
      "MachineUser",
      "SignInByKeyFile",
      "SignInByClientCredentials",
      "SignInAsTerraformDoes",
      "CallsOfTheTerraformProvider",
      "ResourcesOfTheTerraformProvider",
    ]);
  });
});
