import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import {
  LockoutSchema,
  LockReason,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { shownText } from "../../src/cli/users/user-text.ts";

const lockTime = timestampFromMs(Date.UTC(2030, 0, 1));
const lockEndTime = timestampFromMs(Date.UTC(2030, 0, 1, 0, 15));

describe("what is shown of a lock", () => {
  it.each([
    [
      { reason: LockReason.PASSWORD_ATTEMPTS, lockEndTime },
      "Locked:   2030-01-01T00:00:00.000Z, password attempts, by e, until 2030-01-01T00:15:00.000Z\n",
    ],
    [
      { reason: LockReason.CEILING },
      "Locked:   2030-01-01T00:00:00.000Z, ceiling, by e, until somebody unlocks\n",
    ],
  ])("%o", (lock, line) => {
    const lockout = create(LockoutSchema, {
      ...{ locked: true, lockTime, lockedBy: "e" },
      ...lock,
    });
    const who = { kind: "name", loginName: "al" } as const;
    const shown = shownText({ who, user: undefined, lockout });
    expect(shown).toContain(line);
  });
});
