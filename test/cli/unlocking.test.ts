import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { LockoutSchema } from "../../gen/lockout/v1/attempt_service_pb.js";
import type { OrgClients } from "../../src/cli/calls/org-clients.ts";
import { unlockOld } from "../../src/cli/users/unlocking.ts";

const who = { kind: "user", userId: "a" } as const;
const notes = { note: "", ticket: "", dryRun: false };

/** A user who is locked when looked at, whom somebody else unlocks before we do, and who is then as given. */
function overtaken(isLockedAnew: boolean): OrgClients {
  const states = [true, isLockedAnew].map((locked) =>
    create(LockoutSchema, { locked, lockTime: timestampFromMs(1000) }),
  );
  return {
    attempts: {
      getLockout: async () => states.shift(),
      unlock: async () => {
        throw new ConnectError("refused", Code.FailedPrecondition);
      },
    },
  } as unknown as OrgClients;
}

test("a user whom somebody else has unlocked meanwhile is not unlocked by us", async () => {
  const { locked, left } = await unlockOld(
    ...([overtaken(false), [who], notes, 1000] as const),
  );
  expect({ locked: locked.size, left: left.size }).toEqual({
    ...{ locked: 0, left: 0 },
  });
});

test("a user who was locked anew meanwhile is left locked", async () => {
  const { locked, left } = await unlockOld(
    ...([overtaken(true), [who], notes, 1000] as const),
  );
  expect(locked.size).toBe(0);
  expect([...left]).toEqual([who]);
});
