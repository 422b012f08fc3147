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
import { toolCache } from "../support/tool-cache.ts";

const directory = fileURLToPath(new URL("java/", import.meta.url));
const flags = [
  "--batch-mode",
  "--no-transfer-progress",
  `-Dinterop.target=${join(toolCache, "java")}`,
];

const missing = await missingMaven();
if (missing !== undefined) {
  saySkipped("grpc-java", missing);
}

async function missingMaven(): Promise<string | undefined> {
  const maven = findProgram("mvn");
  if (maven === undefined) {
    return "there is no mvn on the PATH";
  }
  const { code, stdout } = await runProgram(
    maven,
    [...flags, "--quiet", "test-compile"],
    { cwd: directory },
  );
  // Code that does not compile is a failure of the test, not of the machine.
  if (code === 0 || stdout.includes("COMPILATION ERROR")) {
    return undefined;
  }
  const why = stdout.split("\n").find((line) => line.startsWith("[ERROR]"));
  return `Maven cannot resolve what the tests need: ${why ?? "no reason given"}`;
}

describe.skipIf(missing !== undefined)("grpc-java", () => {
  let server: TestServer;
  let stage: Stage;

  beforeAll(async () => {
    server = await startTestServer();
    stage = await setStage(server);
  });

  afterAll(async () => {
    await server.close();
  });

  it("passes the tests written in Java", async () => {
    const { code, stdout, stderr } = await runProgram(
      "mvn",
      [...flags, "test"],
      { cwd: directory, env: stageEnvironment(stage) },
    );
    expect({ code, output: stdout + stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain(
      "Tests run: 4, Failures: 0, Errors: 0, Skipped: 0",
    );
  });
});
