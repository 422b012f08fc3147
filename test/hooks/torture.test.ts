import { expect, it } from "vitest";
import { makeTempDir } from "../support/temp-dir.ts";
import { torture } from "./torture/torture.ts";

// The small one: npm run torture:hooks is the large one.

it("every event arrives, in order for each user, whatever the receiver does and however the server dies", async () => {
  const directory = await makeTempDir();
  const report = await torture({
    database: `sqlite:${directory.file("lockoutd.db")}`,
    ...{ users: 48, events: 400, kills: 2 },
  });
  await directory.remove();
  expect(report).toMatchObject({ kills: 2, afterDelete: 0, faults: [] });
  expect(report.events).toBeGreaterThanOrEqual(400);
  expect(report.accepted).toBeGreaterThanOrEqual(report.events);
}, 180_000);
