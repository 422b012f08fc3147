import { availableParallelism } from "node:os";
import { join } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";
import { fastTemp } from "./test/support/fast-temp.ts";
import { LongFilesFirst } from "./test/support/long-files-first.ts";
import { serviceFiles } from "./test/support/services.ts";

// Tests start hundreds of servers and commands in processes of their own: compiling the same source took more than half of a start.
process.env["NODE_COMPILE_CACHE"] ??= join(
  import.meta.dirname,
  "node_modules/.cache/compiled",
);

// A new database on PostgreSQL is hundreds of files. Tests end processes, not machines: what these have written to memory stays.
process.env["TMPDIR"] = fastTemp();

const shared = {
  // Most files wait for sockets, processes and time-outs rather than compute. Vitest's own choice, a worker less than there are
  // cores, is a single one on two cores.
  maxWorkers: availableParallelism() + 2,
  // Against hanging alone: a machine that does much else, or is paused, takes its time. No test says how fast something is.
  testTimeout: 180_000,
  hookTimeout: 180_000,
  expect: { poll: { timeout: 60_000 } },
  // Loading the same modules anew for each file took longer than the tests. No test may rely on fresh modules.
  isolate: false,
  // A test counts objects by an experimental function of V8.
  execArgv: ["--disable-warning=ExperimentalWarning"],
  globalSetup: ["test/support/compiled-setup.ts"],
};

/**
 * What `--mode` selects. `npm test` is `node`: all that needs nothing but Node. `npm run test:services` is `services`: the rest. Without one
 * all files are found, so that each can be run by its name.
 */
export default defineConfig(({ mode }) => {
  if (mode === "node") {
    console.log(
      "The tests on PostgreSQL, in Chromium and with Prometheus: npm run test:services",
    );
  }
  const all = {
    name: "all",
    include: mode === "services" ? [...serviceFiles] : ["test/**/*.test.ts"],
    exclude: [
      ...configDefaults.exclude,
      // Need compilers and registries: npm run test:interop.
      "test/interop/heavy/**",
      ...(mode === "node" ? serviceFiles : []),
    ],
    ...shared,
  };
  const postgres = {
    // What goes through the doors, once more on the other engine.
    name: "postgres",
    include: [
      "test/cases/!(bodies).test.ts",
      "test/client/with-lockout.test.ts",
      "test/interop/{grpc-js,replay,zitadel-client}.test.ts",
      "test/oidc/{organizations,provider}.test.ts",
      // Not those that play on both engines themselves.
      "test/property/!({rules,sources,storms}-model).test.ts",
    ],
    ...shared,
    globalSetup: [...shared.globalSetup, "test/support/postgres-setup.ts"],
    env: { TEST_ENGINE: "postgres" },
  };
  return {
    test: {
      sequence: { sequencer: LongFilesFirst },
      projects: (mode === "node" ? [all] : [all, postgres]).map((test) => ({
        test,
      })),
    },
  };
});
