import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { PolicySchema } from "../../gen/lockout/v1/policy_service_pb.js";
import { endDatesText } from "../../src/cli/policy/policy-dates.ts";

const now = Date.UTC(2030, 0, 1);

it("says when what begins now would end, the longest lock where locks grow", () => {
  const lockDuration = durationFromMs(900_000);
  const observationWindow = durationFromMs(60_000);
  const of = (rules: object) =>
    endDatesText(create(PolicySchema, { rules }), now);
  expect(of({})).toBe("");
  expect(of({ lockDuration })).toBe(
    "\nOf what begins now, 2030-01-01T00:00:00.000Z:\n- a lock by failures ends: 2030-01-01T00:15:00.000Z\n",
  );
  expect(of({ lockDuration, lockGrowth: 2, observationWindow })).toContain(
    [
      "- the longest lock ends: 2030-01-02T00:00:00.000Z\n",
      "- a count of failures starts over: 2030-01-01T00:01:00.000Z\n",
    ].join(""),
  );
});
