import { readdir, readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { reportAttempt } from "../../src/lockout/attempt/attempt.ts";
import { createIds } from "../../src/store/ids.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { makeTempDir } from "../support/temp-dir.ts";

it("nothing that was typed as a login name and leads to nobody gets into the files", async () => {
  const dir = await makeTempDir();
  const store = await openSqliteStore({
    path: dir.file("lockoutd.db"),
    exclusive: true,
    now: Date.now,
    newId: createIds(Date.now),
  });
  const typed = "correct horse battery staple";
  const known = "a user whose id is known";
  for (const subject of [
    { kind: "name", orgId: "o", foldedName: typed },
    { kind: "user", orgId: "o", userId: known },
  ] as const) {
    await store.reportAttempt(subject, "e", (view) =>
      reportAttempt(view, "password", {}, "failed"),
    );
  }

  const readFiles = async () =>
    Buffer.concat(
      await Promise.all(
        (await readdir(dir.path)).map((name) => readFile(dir.file(name))),
      ),
    );
  const served = await readFiles();
  await store.close();
  for (const files of [served, await readFiles()]) {
    expect(files.includes(known)).toBe(true);
    expect(files.includes(typed)).toBe(false);
  }
  await dir.remove();
});
