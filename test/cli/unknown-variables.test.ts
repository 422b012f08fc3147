import { afterEach, expect, test, vi } from "vitest";
import { createProgram } from "../../src/cli/program.ts";
import { warnOfVariables } from "../../src/cli/options/unknown-variables.ts";
import { run } from "./command.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const program = createProgram({ out: () => undefined, err: () => undefined });
const warnings = (...names: readonly string[]) =>
  warnOfVariables(
    program,
    Object.fromEntries(names.map((name) => [name, "x"])),
  );

test("a variable that is nearly ours is warned of, with the one that was meant; another one is warned of alone", () => {
  expect(
    warnings(
      "LOCKOUTD_DEFAULT_MAX_PASWORD_ATTEMPTS",
      "LOCKOUTD_LISTEN_ADDRESS_OF_ALL",
      "LOCKOUT_LISTEN",
      "HOME",
    ),
  ).toEqual([
    "the variable LOCKOUTD_DEFAULT_MAX_PASWORD_ATTEMPTS is unknown, and does nothing: did you mean LOCKOUTD_DEFAULT_MAX_PASSWORD_ATTEMPTS?",
    "the variable LOCKOUTD_LISTEN_ADDRESS_OF_ALL is unknown, and does nothing",
  ]);
});

test("variables of ours, of clients and of Kubernetes are not warned of", () => {
  const ours = ["ADMIN_TOKEN", "MASTERKEY", "LISTEN", "TOKEN", "METRICS"];
  const clients = ["URL", "CLIENT_ID", "CLIENT_SECRET", "ORG_ID", "KEY_FILE"];
  const kubernetes = [
    ...["SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "PORT"],
    ...["PORT_8080_TCP", "PORT_8080_TCP_ADDR", "PORT_8080_TCP_PROTO"],
    ...["METRICS_SERVICE_HOST", "METRICS_PORT_9090_TCP_PORT"],
  ];
  const all = [...ours, ...clients, ...kubernetes];
  expect(warnings(...all.map((name) => `LOCKOUTD_${name}`))).toEqual([]);
});

test("a command says so on standard error, and does what it is for", async () => {
  vi.stubEnv("LOCKOUTD_SERVR", "http://127.0.0.1:1");
  const { code, stdout, stderr } = await run("version");
  expect(stderr).toBe(
    "lockoutd: warning: the variable LOCKOUTD_SERVR is unknown, and does nothing: did you mean LOCKOUTD_SERVER?\n",
  );
  expect([code, stdout]).toEqual([0, expect.stringContaining("lockoutd")]);
});
