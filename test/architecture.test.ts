import { readFile, readdir } from "node:fs/promises";
import { dirname, join, normalize } from "node:path/posix";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { findDocstringFaults } from "./support/docstrings.ts";

/**
 * The rooms, and the rooms that each may import; a room may always import itself. A room is a folder, or files of a folder that all
 * others in it may know.
 */
const arrows = {
  main: ["cli"],
  cli: [
    "addresses",
    "server",
    "config",
    "auth",
    "sealing",
    "lockout",
    "store",
    "store/open",
    "telemetry",
    "gen/google",
    "gen/zitadel",
    "gen/lockout",
  ],
  // The composition root: the only one that knows all constructors.
  server: [
    "config",
    "oauth",
    "oidc",
    "outbound",
    "pacing",
    "sealing",
    "http",
    "http/pages",
    "http/request",
    "http/rpc",
    "http/services",
    "transcoding",
    "api",
    "auth",
    "hooks",
    "lockout",
    "store",
    "store/open",
    "telemetry",
    "telemetry/metrics",
    "telemetry/traces",
    "gen/descriptions",
  ],
  config: ["lockout", "http/limits"],
  http: [
    "addresses",
    "http/limits",
    "http/connection",
    "http/request",
    "http/response",
    "http/rpc",
    "http/pages",
    "transcoding",
  ],
  "http/services": ["gen/grpc"],
  "http/pages": ["http/request", "http/response", "transcoding"],
  "http/rpc": [
    "pacing",
    "http/limits",
    "http/connection",
    "http/request",
    "http/response",
    "transcoding",
  ],
  "http/response": [
    "http/limits",
    "http/connection",
    "http/request",
    "transcoding",
  ],
  "http/request": [
    "addresses",
    "http/limits",
    "http/connection",
    "transcoding",
  ],
  "http/connection": ["http/limits"],
  // One constant, the longest delay of a timer: the index would load all of the transcoder with the command line.
  "http/limits": ["transcoding/headers"],
  transcoding: [
    "transcoding/options",
    "transcoding/fault",
    "transcoding/call",
    "transcoding/headers",
    "transcoding/json",
    "transcoding/message",
    "transcoding/template",
    "transcoding/openapi",
  ],
  "transcoding/openapi": [
    "transcoding/call",
    "transcoding/json",
    "transcoding/message",
    "transcoding/template",
    "gen/google",
  ],
  "transcoding/call": [
    "transcoding/options",
    "transcoding/fault",
    "transcoding/headers",
    "transcoding/message",
    "transcoding/template",
  ],
  "transcoding/message": [
    "pacing",
    "transcoding/fault",
    "transcoding/headers",
    "transcoding/json",
    "transcoding/template",
    "gen/google",
  ],
  "transcoding/options": ["transcoding/fault", "transcoding/template"],
  "transcoding/template": ["transcoding/json", "gen/google"],
  "transcoding/json": ["transcoding/fault"],
  "transcoding/headers": ["transcoding/fault"],
  /** Errors, and what they may repeat. */
  "transcoding/fault": ["gen/google"],
  api: [
    "hooks",
    "outbound",
    "gen/google",
    "addresses",
    "pacing",
    "lockout",
    "store",
    "auth",
    "gen/zitadel",
    "gen/lockout",
  ],
  /** What is stored and must not be readable in the database. */
  sealing: ["store"],
  /** Service accounts sign in. */
  oauth: ["auth", "store", "lockout", "pacing"],
  auth: ["store", "lockout", "pacing", "sealing", "gen/zitadel"],
  /** Sends events to web servers of others. */
  hooks: ["outbound", "pacing", "lockout", "sealing", "store"],
  /** Requests to web servers of others, as far as these may be reached. */
  outbound: ["addresses", "pacing"],
  /** Tokens of an issuer outside. */
  oidc: ["auth", "lockout", "outbound", "store"],
  /** Choose the engine: open.ts, maintenance.ts. */
  "store/open": ["store", "store/shared", "store/engine"],
  /** Each of its directories is an engine. */
  "store/engine": [
    "store",
    "store/commands",
    "store/shared",
    "lockout",
    "pacing",
  ],
  /** What the engines share beside commands. */
  "store/shared": ["store", "store/commands", "lockout", "pacing"],
  "store/commands": ["store", "lockout", "pacing"],
  /** The port. */
  store: ["lockout", "pacing"],
  telemetry: [],
  "telemetry/metrics": ["telemetry", "lockout", "store"],
  "telemetry/traces": ["telemetry", "store"],
  addresses: [],
  /** How long work shares the event loop with all other. */
  pacing: [],
  /** Runs in browsers: all it knows of the server are its calls. */
  console: ["gen/google", "gen/lockout", "gen/zitadel"],
  lockout: [],
  "gen/descriptions": [],
  "gen/google": [],
  "gen/grpc": [],
  "gen/zitadel": ["gen/google"],
  "gen/lockout": ["gen/google", "gen/zitadel"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

type Room = keyof typeof arrows;

/** Packages that belong to a room, so that it can be exchanged with them. */
const packageRooms: Readonly<Record<string, readonly Room[]>> = {
  "better-sqlite3": ["store/engine"],
  pg: ["store/engine"],
  commander: ["cli"],
  // The root hands the logger on.
  pino: ["telemetry", "server"],
};

interface Source {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** What a file imports that it must not, in words. */
function findFaults({ path, text }: Source): readonly string[] {
  const room = roomOf(path);
  if (room === undefined) {
    return [`${path} is in no room: name its room here`];
  }
  const allowed: readonly string[] = arrows[room];
  return ts.preProcessFile(text).importedFiles.flatMap(({ fileName }) => {
    const fault = (reason: string) => [
      `${path} imports ${fileName}: ${reason}`,
    ];
    if (!fileName.startsWith(".")) {
      if (room === "lockout") {
        return fault("lockout imports nothing");
      }
      const owners = packageRooms[fileName.split("/")[0] ?? ""];
      return owners === undefined || owners.includes(room)
        ? []
        : fault(`that package belongs to ${owners.join(", ")}`);
    }
    const target = normalize(join(dirname(path), fileName));
    const targetRoom = roomOf(target);
    if (targetRoom === undefined) {
      return fault("that is in no room");
    }
    if (targetRoom === "store/engine" && room === targetRoom) {
      return dirnameOfEngine(path) === dirnameOfEngine(target)
        ? []
        : fault("engines do not know each other");
    }
    if (targetRoom === room) {
      return [];
    }
    if (!allowed.includes(targetRoom)) {
      return fault(`no arrow leads from ${room} to ${targetRoom}`);
    }
    return [];
  });
}

/** Files that are a room of their own, or a part of another one than their folder's. */
const filesOfRooms: Readonly<Record<string, Room>> = {
  "src/local-services.ts": "server",
  "src/api-description.ts": "server",
  "src/server-metrics.ts": "server",
  "src/request-log.ts": "server",
  "src/first-files.ts": "server",
  "src/server-traces.ts": "server",
  "src/first-start.ts": "server",
  "src/policy-warnings.ts": "server",
  "src/server-hooks.ts": "server",
  "src/server-pages.ts": "server",
  "src/server-upkeep.ts": "server",
  "src/sign-in.ts": "server",
  "src/tls-files.ts": "server",
  "src/http/limits.ts": "http/limits",
  "src/transcoding/options.ts": "transcoding/options",
  "src/transcoding/fault.ts": "transcoding/fault",
  "src/transcoding/cut.ts": "transcoding/fault",
  "src/transcoding/status.ts": "transcoding/fault",
  "src/store/open.ts": "store/open",
  "src/store/maintenance.ts": "store/open",
};

const engines = new Set(["sqlite", "postgres"]);

function roomOf(path: string): Room | undefined {
  const [top, first = "", second = "", ...rest] = path.split("/");
  if (top === "gen") {
    return knownRoom(`gen/${first}`);
  }
  if (top !== "src") {
    return undefined;
  }
  const own = filesOfRooms[path];
  if (own !== undefined) {
    return own;
  }
  if (rest.length === 0) {
    return knownRoom(first.replace(/\.ts$/, ""));
  }
  if (first === "store" && engines.has(second)) {
    return "store/engine";
  }
  return knownRoom(`${first}/${second}`) ?? knownRoom(first);
}

function knownRoom(name: string): Room | undefined {
  const known = Object.keys(arrows) as Room[];
  return known.find((room) => room === name);
}

function dirnameOfEngine(path: string): string | undefined {
  return path.split("/")[2];
}

/**
 * The files that a file imports, in the repository. Imports of types count too: a reader has to know them, and a circle of types
 * is a circle of ideas.
 */
function importsOf({ path, text }: Source): readonly string[] {
  return ts
    .preProcessFile(text)
    .importedFiles.filter(({ fileName }) => fileName.startsWith("."))
    .map(({ fileName }) => normalize(join(dirname(path), fileName)));
}

/** What each file imports. */
function importsByFile(
  sources: readonly Source[],
): ReadonlyMap<string, readonly string[]> {
  return new Map(sources.map((source) => [source.path, importsOf(source)]));
}

/** Circles in a graph, as the nodes that each leads through: none is left out altogether, though not every way round is found. */
function findCircles(
  targetsOf: ReadonlyMap<string, Iterable<string>>,
): readonly string[] {
  const finished = new Set<string>();
  const circles: string[] = [];
  const visit = (node: string, trail: readonly string[]) => {
    const start = trail.indexOf(node);
    if (start >= 0) {
      circles.push([...trail.slice(start), node].join(" → "));
      return;
    }
    if (finished.has(node)) {
      return;
    }
    for (const next of targetsOf.get(node) ?? []) {
      visit(next, [...trail, node]);
    }
    finished.add(node);
  };
  for (const node of targetsOf.keys()) {
    visit(node, []);
  }
  return circles;
}

/** The arrows that no import follows. */
function findUnusedArrows(sources: readonly Source[]): readonly string[] {
  const used = new Set(
    sources.flatMap((source) =>
      importsOf(source).map(
        (target) => `${roomOf(source.path) ?? ""} → ${roomOf(target) ?? ""}`,
      ),
    ),
  );
  return Object.entries(arrows)
    .flatMap(([room, targets]) => targets.map((to) => `${room} → ${to}`))
    .filter((arrow) => !used.has(arrow));
}

function readSources(directory: string): Promise<readonly Source[]> {
  return readFiles(directory, /(?<!\.d)\.tsx?$|\.js$/);
}

async function readFiles(
  directory: string,
  pattern: RegExp,
  recursive = true,
): Promise<readonly Source[]> {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const names = await readdir(join(root, directory), { recursive });
  return Promise.all(
    names
      .filter((name) => pattern.test(name))
      .map(async (name) => {
        const path = join(directory, name);
        return { path, text: await readFile(join(root, path), "utf8") };
      }),
  );
}

test("the arrows lead in one direction", () => {
  expect(findCircles(new Map(Object.entries(arrows)))).toEqual([]);
});

test("every import follows an arrow", async () => {
  const sources = [
    ...(await readSources("src")),
    ...(await readSources("gen")),
  ];
  expect(sources.flatMap(findFaults)).toEqual([]);
  const rooms = new Set(sources.map(({ path }) => roomOf(path)));
  expect([...rooms].sort()).toEqual(Object.keys(arrows).sort());
});

test("every arrow is followed by an import", async () => {
  const sources = [
    ...(await readSources("src")),
    ...(await readSources("gen")),
  ];
  expect(findUnusedArrows(sources)).toEqual([]);
});

test("no imports go in a circle, of types neither", async () => {
  expect(findCircles(importsByFile(await readSources("src")))).toEqual([]);
});

test("no folders import in a circle", async () => {
  // The files of src itself and those of a room of their own are the tops of what lies below them, or its ground.
  const nodeOf = (path: string) =>
    filesOfRooms[path] === undefined && path.split("/").length > 2
      ? dirname(path).replace(/\/migrations$/, "")
      : path;
  const targetsOf = new Map<string, Set<string>>();
  for (const [path, targets] of importsByFile(await readSources("src"))) {
    const node = nodeOf(path);
    const known = targetsOf.get(node) ?? new Set();
    targetsOf.set(node, known);
    for (const target of targets.map(nodeOf)) {
      if (target !== node) {
        known.add(target);
      }
    }
  }
  expect(findCircles(targetsOf)).toEqual([]);
});

test("no file has more than 400 lines, and half of them less than 90", async () => {
  const sizes = (await readSources("src"))
    .map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
    .sort((a, b) => a.lines - b.lines);
  expect(sizes.filter(({ lines }) => lines > 400)).toEqual([]);
  expect(sizes[Math.floor(sizes.length / 2)]?.lines).toBeLessThan(90);
});

test("every export has a docstring, which says what it throws", async () => {
  const sources = await readSources("src");
  const faults = sources.flatMap(({ path, text }) =>
    findDocstringFaults(path, text),
  );
  expect(faults).toEqual([]);
});

test.each([
  ["export const a = 1;", "a has no docstring"],
  ["export interface A {}", "A has no docstring"],
  [
    "/** A. */ export function a() { if (b) { throw new LockoutError(); } }",
    "a throws LockoutError, and has no @throws",
  ],
  [
    "/** A. */ export class A { b() { throw fault(); } }",
    "b throws fault(), and has no @throws",
  ],
  [
    "/** A. Throws B. */ export function a() {}",
    "a says what it throws without @throws",
  ],
])("a docstring that lacks is found: %s", (text, fault) => {
  expect(findDocstringFaults("a.ts", text)).toEqual([`a.ts: ${fault}`]);
});

test.each([
  "const a = 1;",
  "/** A. @throws B */ export function a() { throw new B(); }",
  '/** A. */ export function a() { throw new Error("a bug"); }',
  "/** A. */ export function a() { try { b(); } catch (error) { throw error; } }",
  "/** A. */ export const a = () => ({ b: c });",
])("a docstring that lacks nothing is let be: %s", (text) => {
  expect(findDocstringFaults("a.ts", text)).toEqual([]);
});

test("names, comments and docs say response, deadline or folder, not words that mean many things", async () => {
  const pages = ["README.md", "SECURITY.md", "CONTRIBUTING.md"];
  const sources = [
    ...(await readSources("src")),
    ...(await readFiles("src", /\.md$/)),
    ...(await readFiles("docs", /\.md$/)),
    ...(await readFiles(".", new RegExp(`^(${pages.join("|")})$`), false)),
  ];
  const found = sources.flatMap(({ path, text }) =>
    [...text.matchAll(/\w*(answer|patience)\w*|\b(doors?|house)\b/gi)].map(
      ([word]) => `${path}: ${word}`,
    ),
  );
  expect(found).toEqual([]);
});

test("no server is served by the adapter of connect-node, which bad requests can end", async () => {
  const sources = await readSources("src");
  const users = sources.filter(({ text }) => text.includes("NodeAdapter"));
  expect(users.map(({ path }) => path)).toEqual([]);
});

test("what sends traces is loaded by those alone who ask for it", async () => {
  const sources = await readSources("src");
  const users = sources.filter(
    ({ path, text }) =>
      !path.startsWith("src/telemetry/traces/") &&
      /^import (?!type\b)[^;]*telemetry\/traces\//m.test(text),
  );
  expect(users.map(({ path }) => path)).toEqual([]);
});

test("a circle is found, and named", () => {
  const circle = findCircles(
    importsByFile([
      { path: "src/a.ts", text: 'import { b } from "./b.ts";' },
      { path: "src/b.ts", text: 'import type { C } from "./deep/c.ts";' },
      { path: "src/deep/c.ts", text: 'export type { B } from "../b.ts";' },
    ]),
  );
  expect(circle).toEqual(["src/b.ts → src/deep/c.ts → src/b.ts"]);
});

describe("a fault is found, and named", () => {
  test.each([
    [
      "src/lockout/policy/policy.ts",
      'import type { Store } from "../../store/store.ts";',
      "no arrow leads from lockout to store",
    ],
    [
      "src/lockout/policy/policy.ts",
      'import { randomUUID } from "node:crypto";',
      "lockout imports nothing",
    ],
    [
      "src/transcoding/template/trie.ts",
      'export { debugPages } from "../../http/pages/debug-pages.ts";',
      "no arrow leads from transcoding/template to http/pages",
    ],
    [
      "src/transcoding/template/trie.ts",
      'import { AdminService } from "../../../gen/zitadel/admin_pb.js";',
      "no arrow leads from transcoding/template to gen/zitadel",
    ],
    [
      "src/http/router.ts",
      'const trie = await import("../transcoding/template/trie.ts");',
      "no arrow leads from http to transcoding/template",
    ],
    [
      "src/api/services/admin-service.ts",
      'import { openStore } from "../../store/open.ts";',
      "no arrow leads from api to store/open",
    ],
    [
      "src/api/services/admin-service.ts",
      'import Database from "better-sqlite3";',
      "that package belongs to store/engine",
    ],
    [
      "src/store/postgres/store.ts",
      'import { migrate } from "../sqlite/migrate.ts";',
      "engines do not know each other",
    ],
    [
      "src/server.ts",
      'import { run } from "./cli/run.ts";',
      "no arrow leads from server to cli",
    ],
    ["src/cli/run.ts", 'import "../../test/x.ts";', "that is in no room"],
    ["src/shed/rake.ts", "", "is in no room"],
  ])("%s: %s", (path, text, reason) => {
    const faults = findFaults({ path, text });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(path);
    expect(faults[0]).toContain(reason);
  });
});
