import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stage } from "../../cases/situation.ts";
import { setStage } from "../../cases/stage.ts";
import { startTestServer } from "../../support/server.ts";
import type { TestServer } from "../../support/server.ts";
import { findProgram, saySkipped } from "../support/find-program.ts";
import { runProgram } from "../support/run-program.ts";
import { stageEnvironment } from "../support/stage-environment.ts";
import { lastLine, toolCache } from "../support/tool-cache.ts";

const directory = fileURLToPath(new URL("rust/", import.meta.url));
const env = { CARGO_TARGET_DIR: join(toolCache, "rust") };

const missing = await missingCargo();
if (missing !== undefined) {
  saySkipped("the Rust client (tonic)", missing);
}

async function missingCargo(): Promise<string | undefined> {
  const cargo = findProgram("cargo");
  if (cargo === undefined) {
    return "there is no cargo on the PATH";
  }
  const { code, stderr } = await runProgram(
    cargo,
    ["fetch", "--quiet", "--locked"],
    { cwd: directory, env },
  );
  return code === 0 ? undefined : `cargo fetch failed: ${lastLine(stderr)}`;
}

describe.skipIf(missing !== undefined)("the Rust client (tonic)", () => {
  let server: TestServer;
  let stage: Stage;

  beforeAll(async () => {
    server = await startTestServer();
    stage = await setStage(server);
  });

  afterAll(async () => {
    await server.close();
  });

  it("passes the tests written in Rust", async () => {
    const { code, stdout, stderr } = await runProgram(
      "cargo",
      ["test", "--quiet", "--locked", "--test", "policies"],
      { cwd: directory, env: { ...env, ...stageEnvironment(stage) } },
    );
    expect({ code, output: stdout + stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain("test result: ok. 3 passed");
  });
});
