import { spawnSync } from "node:child_process";
import { access, mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  onTestFinished,
  test,
} from "vitest";
import { isFresh } from "../support/fresh.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";
import { runProcess, startProcess } from "./process.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

// It builds, packs and installs.
const patience = { timeout: 300_000 };

/** What `npm run build` reads. */
const builtFrom = [
  ...["{src,gen,scripts}/**", "package*.json", "tsconfig*.json"],
];

let directory: TempDir;
let app: string;
let packed: readonly string[];

/** Runs a program to its end, as if from a shell of its own: what npm told our tests is not for another npm. */
async function runAlone(program: readonly [string, ...string[]], cwd: string) {
  const outcome = await runProcess([], { cwd, program, env: withoutNpm });
  expect(outcome, program.join(" ")).toMatchObject({ code: 0 });
  return outcome;
}

const withoutNpm = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => /^npm_(?!config_)|^npm_config_local_prefix$/.test(name))
    .map((name) => [name, ""]),
);

beforeAll(async () => {
  directory = await makeTempDir();
  app = directory.file("app");
  await mkdir(app);
  const { stdout } = await runAlone(
    [
      ...(["npm", "pack", "--json"] as const),
      ...["--pack-destination", directory.path],
      // npm ci has built it already, unless a source was changed since.
      ...(isFresh(join(root, "dist/main.js"), builtFrom)
        ? ["--ignore-scripts"]
        : []),
    ],
    root,
  );
  const [result] = JSON.parse(stdout.slice(stdout.indexOf("\n[") + 1)) as {
    filename: string;
    files: { path: string }[];
  }[];
  packed = result?.files.map(({ path }) => path) ?? [];
  // What our own installation has fetched need not be fetched again.
  await runAlone(
    [
      ...(["npm", "install", "--prefer-offline", "--no-audit"] as const),
      directory.file(result?.filename ?? ""),
    ],
    app,
  );
}, patience.timeout);

afterAll(async () => {
  await directory.remove();
});

test("the tarball has what runs and what people read, and nothing else", async () => {
  expect(packed).toEqual(
    expect.arrayContaining([
      "LICENSE",
      "README.md",
      "CHANGELOG.md",
      "dist/main.js",
      "gen/zitadel/admin_pb.js",
      "proto/zitadel/admin.proto",
      "docs/reference/errors.md",
    ]),
  );
  const tops = new Set(packed.map((path) => path.split("/")[0]));
  expect([...tops].sort()).toEqual(
    [
      ...["CHANGELOG.md", "LICENSE", "README.md", "package.json"],
      ...["dist", "docs", "gen", "proto"],
    ].sort(),
  );
  for (const path of packed.filter((name) => /^dist\/.*\.d\.ts$/.test(name))) {
    // No rest of a file that has left the source.
    const source = path.replace("dist/", "src/").replace(/\.d\.ts$/, ".ts");
    await access(join(root, source));
  }
});

test("what the build makes can be run: the link to it is older where npm ci runs again", async () => {
  const { mode } = await stat(join(root, "dist/main.js"));
  expect(mode & 0o111).toBe(0o111);
});

test(
  "installed in an empty folder, npx lockoutd serve runs",
  patience,
  async () => {
    const server = startProcess([], {
      cwd: app,
      program: ["npx", "lockoutd", "serve", "--listen", "127.0.0.1:0"],
      env: withoutNpm,
      group: true,
    });
    const { pid } = server.child;
    if (pid === undefined) {
      throw new Error("npx did not start");
    }
    onTestFinished(() => {
      try {
        // To the whole group: npx and its shell do not pass a signal on.
        process.kill(-pid, "SIGKILL");
      } catch {
        // All of it has ended.
      }
    });
    const [, token = ""] = await server.printed(/^ {4}(\S{43})$/m);
    const [, url = ""] = await server.printed(/listens on (\S+),/);
    const answer = await fetch(`${url}/admin/v1/policies/lockout`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await answer.json()).toMatchObject({ policy: { isDefault: true } });
    process.kill(-pid, "SIGTERM");
    await server.ended;
    expect(server.stderr()).toContain('"ended"');

    const { stdout } = await runAlone(["npx", "lockoutd", "org", "list"], app);
    expect(stdout).toContain("Default");
  },
);

test("npx lockoutd runs in the checkout", patience, async () => {
  const { stdout } = await runProcess([], {
    cwd: root,
    program: ["npx", "--offline", "lockoutd", "version"],
    env: {
      ...withoutNpm,
      // A cache of its own, so that it is linked anew; built it is already.
      npm_config_cache: directory.file("cache"),
      npm_config_ignore_scripts: "true",
    },
  });
  const manifest = await readFile(join(root, "package.json"), "utf8");
  const { version } = JSON.parse(manifest) as { version: string };
  expect(stdout).toContain(`lockoutd ${version} (Node `);
});

describe("an unsupported Node", () => {
  const old = ["/usr/bin/node", "/usr/local/bin/node"].find((path) => {
    const { stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
    return /^v(?:1[4-9]|2[01])\./.test(stdout);
  });
  if (old === undefined) {
    console.log("skipped: this machine has no Node from 14 to 21");
  }

  test.skipIf(old === undefined)("ends with one clear line", async () => {
    const main = join(app, "node_modules/lockoutd/dist/main.js");
    const { code, stdout, stderr } = await runProcess(["serve"], {
      cwd: app,
      program: [old ?? "", main],
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^lockoutd needs Node 22\.12 or newer, and this is Node \d+\.\d+\.\d+: .*\n$/,
    );
  });
});
