import { readFile, readdir } from "node:fs/promises";
import { dirname, join, normalize } from "node:path/posix";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";

/** The rooms, and the rooms that each may import; a room may always import itself. */
const arrows = {
  main: ["cli"],
  cli: [
    "server",
    "config",
    "auth",
    "lockout",
    "store",
    "store/open",
    "telemetry",
    "gen/zitadel",
    "gen/lockout",
  ],
  // The composition root: the only one that knows all constructors.
  server: [
    "config",
    "http",
    "transcoding",
    "api",
    "auth",
    "store",
    "store/open",
    "telemetry",
    "gen/zitadel",
  ],
  config: ["lockout", "http"],
  http: ["transcoding", "telemetry", "gen/grpc", "gen/google"],
  transcoding: ["gen/google"],
  api: ["lockout", "store", "auth", "gen/zitadel", "gen/lockout"],
  auth: ["store", "lockout", "gen/zitadel"],
  /** The port, and what engines share. */
  store: ["lockout"],
  /** Choose the engine: open.ts, maintenance.ts. */
  "store/open": ["store", "store/engine"],
  /** Each directory in src/store is an engine. */
  "store/engine": ["store", "lockout"],
  telemetry: [],
  lockout: [],
  "gen/google": [],
  "gen/grpc": ["gen/google"],
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
  if (room === undefined) return [`${path} is in no room: name its room here`];
  const allowed: readonly string[] = arrows[room];
  return ts.preProcessFile(text).importedFiles.flatMap(({ fileName }) => {
    const fault = (reason: string) => [
      `${path} imports ${fileName}: ${reason}`,
    ];
    if (!fileName.startsWith(".")) {
      if (room === "lockout") return fault("lockout imports nothing");
      const owners = packageRooms[fileName.split("/")[0] ?? ""];
      return owners === undefined || owners.includes(room)
        ? []
        : fault(`that package belongs to ${owners.join(", ")}`);
    }
    const target = normalize(join(dirname(path), fileName));
    const targetRoom = roomOf(target);
    if (targetRoom === undefined) return fault("that is in no room");
    if (targetRoom === "store/engine" && room === targetRoom) {
      return dirnameOfEngine(path) === dirnameOfEngine(target)
        ? []
        : fault("engines do not know each other");
    }
    if (targetRoom === room) return [];
    if (!allowed.includes(targetRoom)) {
      return fault(`no arrow leads from ${room} to ${targetRoom}`);
    }
    return targetRoom === "transcoding" && !target.endsWith("/index.ts")
      ? fault("the door of transcoding is its index.ts")
      : [];
  });
}

/** What the composition root composes besides the server. */
const rootFiles = new Set(["local-services.ts", "api-description.ts"]);
const choosers = new Set(["open.ts", "maintenance.ts"]);

function roomOf(path: string): Room | undefined {
  const [top, first = "", second] = path.split("/");
  if (top === "gen") return knownRoom(`gen/${first}`);
  if (top !== "src") return undefined;
  if (first === "store" && path.split("/").length > 3) return "store/engine";
  if (first === "store" && choosers.has(second ?? "")) return "store/open";
  if (rootFiles.has(first)) return "server";
  return knownRoom(first.replace(/\.ts$/, ""));
}

function knownRoom(name: string): Room | undefined {
  const known = Object.keys(arrows) as Room[];
  return known.find((room) => room === name);
}

function dirnameOfEngine(path: string): string | undefined {
  return path.split("/")[2];
}

async function readSources(directory: string): Promise<readonly Source[]> {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const names = await readdir(join(root, directory), { recursive: true });
  return Promise.all(
    names
      .filter((name) => /(?<!\.d)\.ts$|\.js$/.test(name))
      .map(async (name) => {
        const path = join(directory, name);
        return { path, text: await readFile(join(root, path), "utf8") };
      }),
  );
}

test("every import of the house follows an arrow", async () => {
  const sources = [
    ...(await readSources("src")),
    ...(await readSources("gen")),
  ];
  expect(sources.flatMap(findFaults)).toEqual([]);
  const rooms = new Set(sources.map(({ path }) => roomOf(path)));
  expect([...rooms].sort()).toEqual(Object.keys(arrows).sort());
});

test("no server is served by the adapter of connect-node, which bad requests can end", async () => {
  const sources = await readSources("src");
  const users = sources.filter(({ text }) => text.includes("NodeAdapter"));
  expect(users.map(({ path }) => path)).toEqual([]);
});

describe("a fault is found, and named", () => {
  test.each([
    [
      "src/lockout/policy.ts",
      'import type { Store } from "../store/store.ts";',
      "no arrow leads from lockout to store",
    ],
    [
      "src/lockout/policy.ts",
      'import { randomUUID } from "node:crypto";',
      "lockout imports nothing",
    ],
    [
      "src/transcoding/template/trie.ts",
      'export { debugPages } from "../http/debug-pages.ts";',
      "no arrow leads from transcoding to http",
    ],
    [
      "src/transcoding/template/trie.ts",
      'import { AdminService } from "../../gen/zitadel/admin_pb.js";',
      "no arrow leads from transcoding to gen/zitadel",
    ],
    [
      "src/http/router.ts",
      'const trie = await import("../transcoding/trie.ts");',
      "the door of transcoding is its index.ts",
    ],
    [
      "src/api/admin-service.ts",
      'import { openStore } from "../store/open.ts";',
      "no arrow leads from api to store/open",
    ],
    [
      "src/api/admin-service.ts",
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
