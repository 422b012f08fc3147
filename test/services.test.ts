import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import ts from "typescript";
import { expect, test } from "vitest";
import { longFiles } from "./support/long-files-first.ts";
import { serviceFiles } from "./support/services.ts";

const root = join(import.meta.dirname, "..");

/** What starts a browser or a database. */
const starters: ReadonlySet<string> = new Set([
  "playwright-core",
  "test/support/postgres-server.ts",
]);

/** Files whose import alone starts nothing, and what has them start it. */
const starts: ReadonlyMap<string, string> = new Map([
  ["test/support/server.ts", "TEST_ENGINE, which the project postgres sets"],
  ["test/docs/console-pictures.test.ts", "npm run docs:pictures"],
]);

/** The files of the tests that a file imports, types apart, and the packages. */
function importsOf(file: string): readonly string[] {
  const { statements } = ts.createSourceFile(
    file,
    readFileSync(join(root, file), "utf8"),
    ts.ScriptTarget.Latest,
  );
  return statements.flatMap((statement) => {
    if (
      !ts.isImportDeclaration(statement) ||
      !ts.isStringLiteral(statement.moduleSpecifier) ||
      statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    ) {
      return [];
    }
    const { text } = statement.moduleSpecifier;
    if (!text.startsWith(".")) {
      return [text];
    }
    const path = join(dirname(file), text);
    return path.startsWith("test/") ? [path] : [];
  });
}

const known = new Map<string, boolean>();

/** Whether a browser or a database may be started by a file, or by what it imports. */
function needsMore(file: string): boolean {
  if (starters.has(file)) {
    return true;
  }
  if (!/^test\/.*\.ts$/.test(file) || starts.has(file)) {
    return false;
  }
  const found = known.get(file);
  if (found !== undefined) {
    return found;
  }
  known.set(file, false);
  const needs = importsOf(file).some(needsMore);
  known.set(file, needs);
  return needs;
}

function find(patterns: readonly string[]): readonly string[] {
  return globSync(patterns, {
    cwd: root,
    exclude: ["test/interop/heavy/**"],
  }).sort();
}

test("npm test leaves those files to npm run test:services that need more than Node, and no others", () => {
  const files = find(["test/**/*.test.ts"]);
  expect(
    find(serviceFiles),
    "name those that start a browser or PostgreSQL in test/support/services.ts",
  ).toEqual(files.filter(needsMore));
});

test("what is run first is there", () => {
  const files = longFiles.map((name) => `test/${name}.test.ts`);
  expect(find(files)).toEqual(files.toSorted());
});
