import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { setStage } from "../../cases/stage.ts";
import { startTestServer } from "../../support/server.ts";
import { findProgram, saySkipped } from "../support/find-program.ts";
import { registerUser } from "../support/register-user.ts";
import { runProgram } from "../support/run-program.ts";
import { makeServiceAccount } from "../support/service-account.ts";
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

/** Each file of tests in Rust, and how many tests it has. */
const files = { policies: 3, sign_in: 8, introspection: 3, jwt: 1 };

describe.skipIf(missing !== undefined)("the Rust client (tonic)", () => {
  it.each([
    ["opaque", ["policies", "sign_in", "introspection"]],
    ["jwt", ["sign_in", "introspection", "jwt"]],
  ] as const)(
    "passes the tests written in Rust where access tokens are %s",
    async (accessTokenType, names) => {
      const server = await startTestServer({ accessTokenType });
      const stage = await setStage(server);
      await registerUser(stage);
      const account = await makeServiceAccount(server);
      try {
        const { code, stdout, stderr } = await runProgram(
          "cargo",
          [
            ...["test", "--quiet", "--locked"],
            ...names.flatMap((name) => ["--test", name]),
          ],
          {
            cwd: directory,
            env: { ...env, ...stageEnvironment(stage), ...account.env },
          },
        );
        expect({ code, output: stdout + stderr }).toMatchObject({ code: 0 });
        expect(stdout.match(/^test result: ok. \d+ passed/gm)).toEqual(
          names
            .toSorted()
            .map((name) => `test result: ok. ${files[name]} passed`),
        );
      } finally {
        await account.remove();
        await server.close();
      }
    },
  );
});
