import { readFile, writeFile } from "node:fs/promises";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { createIds } from "../../src/store/ids.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { describeStore } from "./store.ts";

let template: Promise<Buffer> | undefined;

/** A database as a new installation has it before its first start. Each test has a copy: the migrations took most of its time. */
async function migrated(): Promise<Buffer> {
  const dir = await makeTempDir();
  const path = dir.file("lockoutd.db");
  const now = () => 0;
  const store = await openSqliteStore({
    ...{ path, exclusive: true, now, newId: createIds(now) },
  });
  await store.close();
  const database = await readFile(path);
  await dir.remove();
  return database;
}

describeStore("SQLite", async () => {
  const dir = await makeTempDir();
  const path = dir.file("lockoutd.db");
  await writeFile(path, await (template ??= migrated()), { mode: 0o600 });
  return {
    open: (role, context) =>
      openSqliteStore({ path, exclusive: role === "server", ...context }),
    destroy: dir.remove,
  };
});
