import { expect, it } from "vitest";
import { openTestPostgres } from "../support/postgres.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { torture } from "./torture/torture.ts";

// The small one: npm run torture:hooks is the large one.

it("every event arrives, in order for each user, whatever the receiver does and however the server dies", async () => {
  const directory = await makeTempDir();
  const report = await torture({
    database: `sqlite:${directory.file("lockoutd.db")}`,
    ...{ nodes: 1, users: 48, events: 400, kills: 2 },
  });
  await directory.remove();
  expect(report).toMatchObject({
    ...{ kills: 2, afterDelete: 0, afterGone: 0, faults: [] },
  });
  expect(report.events).toBeGreaterThanOrEqual(400);
  expect(report.accepted).toBeGreaterThanOrEqual(report.events);
});

it("another node sends on where the one that sent is killed", async () => {
  const postgres = await openTestPostgres();
  const { url, drop } = await postgres.createDatabase();
  const report = await torture({
    database: url,
    ...{ nodes: 3, users: 48, events: 300, kills: 1 },
  });
  await drop();
  await postgres.close();
  expect(report).toMatchObject({
    ...{ kills: 1, afterDelete: 0, afterGone: 0, faults: [] },
  });
  expect(report.accepted).toBeGreaterThanOrEqual(report.events);
});
