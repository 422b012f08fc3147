import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDoors } from "../support/doors.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { accessSituations } from "./access-situations.ts";
import { lockSituations } from "./lock-situations.ts";
import { policySituations } from "./policy-situations.ts";
import { refusalAnswer } from "./situation.ts";
import { setStage } from "./stage.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const doorNames = openDoors("http://localhost").map(({ name }) => name);
const tables = [
  ["section 3, policies", policySituations],
  ["section 3, locks", lockSituations],
  ["section 4", accessSituations],
] as const;

describe.each(tables)("refusals of the contract, %s", (_section, table) => {
  describe.each(table)("$name", ({ given, call, refused }) => {
    it.each(doorNames)("by %s", async (doorName) => {
      const door = openDoors(server.url).find(({ name }) => name === doorName);
      if (door === undefined) throw new Error(`no door ${doorName}`);
      const stage = await setStage(server);
      await given?.(stage);
      expect(await call(door, stage)).toEqual(refusalAnswer(refused, doorName));
    });
  });
});
