import { expect, it } from "vitest";
import { findProgram } from "./support/postgres-programs.ts";

it("a way to a program is gone only when those before it have led to nothing", () => {
  const gone: string[] = [];
  const way = (place: string, has: readonly string[]) => (name: string) => {
    gone.push(`${place} ${name}`);
    return has.includes(name) ? `/${place}/${name}` : undefined;
  };
  const ways = [way("machine", ["psql"]), way("npm", ["psql", "initdb"])];
  expect(findProgram("psql", ways)).toBe("/machine/psql");
  expect(findProgram("initdb", ways)).toBe("/npm/initdb");
  expect(gone).toEqual(["machine psql", "machine initdb", "npm initdb"]);
  expect(() => findProgram("pg_basebackup", ways)).toThrow(
    /pg_basebackup is missing: install it .* TEST_POSTGRES_URL/,
  );
});
