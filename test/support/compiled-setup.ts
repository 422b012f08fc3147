import { rename } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "vite";
import { isFresh } from "./fresh.ts";
import { makeTempDir } from "./temp-dir.ts";

const root = resolve(import.meta.dirname, "../..");
const program = join(root, "node_modules/.cache/lockoutd/main.js");

/** What it is made of. */
const sources = [
  "{src,gen}/**/*.{ts,js}",
  "package-lock.json",
  import.meta.filename,
];

/** The source finds files beside itself: it stays where it is, though it runs from elsewhere. */
const ownUrls: Plugin = {
  name: "own-urls",
  transform: (code, id) =>
    code.includes("import.meta.url")
      ? code.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(id)))
      : undefined,
};

/** Makes one file of the source for all processes that tests start, and compiles it once. */
export default async function setUp(): Promise<void> {
  process.env["TEST_MAIN_PROGRAM"] = program;
  if (isFresh(program, sources)) {
    return;
  }
  await bundle();
  const { startServerProcess } = await import("./server-process.ts");
  const directory = await makeTempDir();
  // Node writes what it has compiled when a process ends by itself: the servers of some tests never do, since they are killed.
  const server = await startServerProcess(
    directory.file("lockoutd.db"),
    "the-administrator-token-of-nobody",
  );
  await server.stop("SIGTERM");
  await directory.remove();
}

async function bundle(): Promise<void> {
  const { build } = await import("vite");
  // Test runs at once make it at once.
  const fresh = `${process.pid}.js`;
  await build({
    ...({ configFile: false, root, logLevel: "warn" } as const),
    plugins: [ownUrls],
    ssr: { noExternal: true, external: ["better-sqlite3", "pg", "pino"] },
    build: {
      ...{ ssr: "src/main.ts", outDir: dirname(program), emptyOutDir: false },
      ...{ minify: false, target: "node22" },
      rolldownOptions: {
        output: { entryFileNames: fresh, codeSplitting: false },
      },
    },
  });
  await rename(join(dirname(program), fresh), program);
}
