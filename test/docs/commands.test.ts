import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runProcess, startProcess } from "../cli/process.ts";
import { mainProgram } from "../support/main-program.ts";
import { startServerProcess } from "../support/server-process.ts";
import { makeTempDir } from "../support/temp-dir.ts";

// The commands of the README and of the how-to pages run as they stand, page by page, on a server of its own each. What differs from run to run is
// another there: the port, and ids, for which those stand that the page shows.

const root = resolve(import.meta.dirname, "../..");
const adminToken = "the-administrator-token-of-the-pages";

/** Commands that do not run here, by what they begin with, and why. */
const exceptions: ReadonlyMap<string, string> = new Map([
  ["npm ci && npm start", "installs; pack.test.ts does so, and starts"],
  ["export TOKEN=…", "a place for the reader's token"],
  ["export ADMIN=…", "a place for the reader's token"],
  ["grpcurl ", "few machines have it; test/interop calls by gRPC"],
  ["mkdir lockoutd && cd", "downloads: npm run test:interop generates Go"],
  ["go install google", "downloads: npm run test:interop generates Go"],
  ["cat > buf.gen.yaml", "is of use to the next command alone"],
  ["npx -p @bufbuild/buf", "downloads: npm run test:interop generates Go"],
  ["go mod tidy", "downloads: npm run test:interop generates Go"],
  ["pip install", "downloads: npm run test:interop generates Python"],
  ["cd PROTO && python", "needs what pip install downloads"],
  ["lockoutd copy --from", "its server is stopped; copy.test.ts copies"],
  ["lockoutd serve --", "a server runs already; metrics and traces have tests"],
  ["lockoutd top --server", "needs a terminal; top.test.ts runs it once"],
  ["cd OUT && python", "needs what pip install downloads"],
]);

/** Commands that never end, by what they begin with: they run until they have printed an event. */
const endless = ["lockoutd events --follow", "curl -sN "];

/** One failure that locks, from an address. */
const fail = (userId: string, address: string) =>
  `curl -sf http://127.0.0.1:8080/lockout/v1/attempts:report -H "Authorization: Bearer $TOKEN" \
    -d '{"userId":"${userId}","factor":"FACTOR_PASSWORD","outcome":"OUTCOME_FAILED","client":{"address":"${address}"}}'`;

/** What has happened before the reader comes to a page. */
const before: Readonly<Record<string, readonly string[]>> = {
  "docs/how-to/personal-data.md": ["lockoutd user add 1001"],
  "docs/how-to/unlock-many.md": [
    "lockoutd policy set --max-password-attempts 1",
    fail("1001", "203.0.113.7"),
    fail("1002", "198.51.100.2"),
    "lockoutd user add 1003 && lockoutd user lock 1003",
  ],
};

interface Step {
  readonly command: string;
  /** What the page shows that it prints; empty where it shows nothing. */
  readonly output: string;
}

/** The commands of a page, in their order, with their continued lines. */
function stepsOf(page: string): readonly Step[] {
  const blocks = page.matchAll(/^```(console|sh|js)\n([^]*?)^```$/gm);
  return Array.from(blocks, ({ index, 1: kind, 2: text = "" }) =>
    kind === "sh"
      ? lines(text)
      : kind === "js"
        ? saved(page.slice(0, index), text)
        : typed(text),
  ).flat();
}

/** A program that the page has its reader save and run, and what its last comment says that it prints. */
function saved(before: string, program: string): readonly Step[] {
  const paragraph = before.trim().split("\n\n").at(-1) ?? "";
  const [, file, command] =
    /Save this as `([\w.]+)`[^]*run\s+`([^`]+)`/.exec(paragraph) ?? [];
  const [, output = ""] = /\/\/ (.*)\n$/.exec(program) ?? [];
  return file === undefined || command === undefined
    ? []
    : [{ command: `cat > ${file} <<'END'\n${program}END\n${command}`, output }];
}

function lines(block: string): readonly Step[] {
  return block
    .trim()
    .split(/(?<!\\)\n/)
    .map((command) => ({ command, output: "" }));
}

function typed(block: string): readonly Step[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      // A command goes on after a backslash, and within quotes.
      const [command = ""] =
        /^(?:\\[^]|'[^']*'|"(?:\\[^]|[^"\\])*"|[^\\'"\n])*/.exec(text) ?? [];
      return { command, output: text.slice(command.length).trim() };
    });
}

const hasJq = spawnSync("jq", ["--version"]).status === 0;

/** Where the pages have their servers. */
const pageUrl = /https?:\/\/(?:127\.0\.0\.1|lockoutd\.example\.com):8080/g;

const ids = /\b\d{18}\b/g;

function withoutChance(text: string): string {
  return text
    .replaceAll(ids, "ID")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, "DATE");
}

const pages = [
  "README.md",
  ...readdirSync(join(root, "docs/how-to")).map(
    (name) => `docs/how-to/${name}`,
  ),
].map((page) => ({
  page,
  steps: stepsOf(readFileSync(join(root, page), "utf8")),
}));

function reasonOf(command: string): string | undefined {
  return [...exceptions].find(([start]) => command.startsWith(start))?.[1];
}

const pagesThatRun = pages.filter(({ steps }) =>
  steps.some(({ command }) => reasonOf(command) === undefined),
);

test.each(pagesThatRun)(
  "the commands of $page run",
  async ({ page, steps }) => {
    const directory = await makeTempDir();
    onTestFinished(directory.remove);
    const database = directory.file("lockoutd.db");
    // As in a checkout, for programs.
    await symlink(join(root, "node_modules"), directory.file("node_modules"));
    const server = await startServerProcess(database, adminToken);
    onTestFinished(async () => {
      await server.stop("SIGKILL");
    });
    const env = {
      LOCKOUTD_DATABASE: `sqlite:${database}`,
      LOCKOUTD_TOKEN: adminToken,
      TOKEN: adminToken,
      ADMIN: adminToken,
      PATH: `${join(root, "node_modules/.bin")}:${process.env["PATH"] ?? ""}`,
    };
    // What a command exports holds for the next ones, as in one shell.
    const exported = directory.file("exported");
    const known = new Map<string, string>();
    const typedHere = (command: string) => [
      "-c",
      [
        "set -o pipefail",
        `lockoutd() { "${process.execPath}" "${mainProgram}" "$@"; }`,
        `[ -f "${exported}" ] && . "${exported}"`,
        command
          .replaceAll(pageUrl, server.url)
          .replaceAll(/\bnpx (?=lockoutd|buf)/g, "")
          .replaceAll(ids, (id) => known.get(id) ?? id)
          .replaceAll(/(?<=after=)\d+/g, (at) => known.get(at) ?? at),
        "code=$?",
        `export -p > "${exported}"`,
        "exit $code",
      ].join("\n"),
    ];
    const here = { cwd: directory.path, program: ["bash"], env } as const;
    const run = (command: string) => runProcess(typedHere(command), here);
    /** Runs until an event was printed, of users who come meanwhile. */
    const runEndless = async (command: string) => {
      const watch = startProcess(typedHere(command), { ...here, group: true });
      onTestFinished(() => {
        // To the whole group: bash does not pass a signal on.
        process.kill(-(watch.child.pid ?? 0), "SIGKILL");
      });
      const printed = watch.printed(/^\{.*"type".*\}$/m);
      let isPrinted = false;
      for (let user = 1; !isPrinted; user += 1) {
        isPrinted = await Promise.race([
          printed.then(() => true),
          run(`lockoutd user add u${user} && lockoutd user lock u${user}`).then(
            () => false,
          ),
        ]);
      }
      const [line] = await printed;
      return line;
    };
    for (const command of before[page] ?? []) {
      expect(await run(command)).toMatchObject({ code: 0 });
    }
    if (steps.some(({ command }) => command.includes("events.ndjson"))) {
      // What the page reads: some events, one in a line.
      for (const what of ["add", "lock", "unlock"]) {
        await run(`lockoutd user ${what} 9001`);
      }
      const { stdout: events } = await run("lockoutd events --output json");
      const ndjson = (JSON.parse(events) as readonly object[])
        .map((event) => `${JSON.stringify(event)}\n`)
        .join("");
      await writeFile(directory.file("events.ndjson"), ndjson);
    }
    for (const { command, output } of steps) {
      if (
        reasonOf(command) !== undefined ||
        (command.startsWith("jq ") && !hasJq)
      ) {
        continue;
      }
      if (endless.some((start) => command.startsWith(start))) {
        const line = await runEndless(command);
        const [shown = "", real = ""] = [output, line].map(
          (text) => /"position":"(\d+)"/.exec(text)?.[1],
        );
        known.set(shown, real);
        expect(Object.keys(JSON.parse(line) as object)).toEqual(
          Object.keys(JSON.parse(output === "" ? line : output) as object),
        );
        continue;
      }
      const { code, stdout, stderr } = await run(command);
      expect({ command, code, stderr: code === 0 ? "" : stderr }).toEqual({
        command,
        code: 0,
        stderr: "",
      });
      if (output === "") {
        continue;
      }
      expect({ command, stdout: withoutChance(stdout.trim()) }).toEqual({
        command,
        stdout: withoutChance(output),
      });
      const real = stdout.match(ids) ?? [];
      for (const [index, id] of (output.match(ids) ?? []).entries()) {
        known.set(id, real[index] ?? id);
      }
    }
  },
);

test("every exception is a command of a page", () => {
  const commands = pages.flatMap(({ steps }) =>
    steps.map(({ command }) => command),
  );
  const unused = [...exceptions.keys()].filter(
    (start) => !commands.some((command) => command.startsWith(start)),
  );
  expect(unused).toEqual([]);
});
