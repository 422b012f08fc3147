import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  formDoorNames,
  openAllDoors,
  openDoors,
} from "../support/protocol-variants.ts";
import type { Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { accessSituations } from "./access-situations.ts";
import { lockSituations } from "./lock-situations.ts";
import { policySituations } from "./policy-situations.ts";
import { refusalAnswer } from "./situation.ts";
import { setStage } from "./stage.ts";
import { unlockSituations } from "./unlock-situations.ts";

let server: TestServer;
let doors: ReadonlyMap<string, Door>;

beforeAll(async () => {
  server = await startTestServer();
  doors = new Map(openAllDoors(server.url).map((door) => [door.name, door]));
});

afterAll(async () => {
  await server.close();
});

const doorNames = openDoors("http://localhost").map(({ name }) => name);
const tables = [
  ["section 3, policies", policySituations],
  ["section 3, locks", lockSituations],
  ["section 4", accessSituations],
  ["unlocks", unlockSituations],
] as const;

describe.each(tables)("refusals of the contract, %s", (_section, table) => {
  describe.each(table.map((situation, place) => ({ ...situation, place })))(
    "$name",
    ({ given, call, refused, place }) => {
      it.each([...doorNames, ...formDoorNames(place)])(
        "by %s",
        async (doorName) => {
          const door = doors.get(doorName);
          if (door === undefined) {
            throw new Error(`no door ${doorName}`);
          }
          const stage = await setStage(server);
          await given?.(stage);
          expect(await call(door, stage)).toEqual(
            refusalAnswer(refused, doorName),
          );
        },
      );
    },
  );
});
