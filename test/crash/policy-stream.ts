/**
 * Streams changes to one policy into a database file, some at a time, and writes `sequence value` for each as
 * soon as it is answered: `node policy-stream.ts FILE`. Runs until it is killed.
 */
import { writeSync } from "node:fs";
import { createIds } from "../../src/store/ids.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { changePolicy } from "../support/change-policy.ts";

const inFlight = 8;

const [, , path] = process.argv;
if (path === undefined) {
  throw new Error("usage: policy-stream.ts FILE");
}

const store = await openSqliteStore({
  path,
  exclusive: true,
  now: Date.now,
  newId: createIds(Date.now),
});

// Each change has a value of its own, so that the answer can be found in the events.
let value = process.pid * 1_000_000;

async function changeForever(): Promise<never> {
  for (;;) {
    value += 1;
    const mine = value;
    const { sequence } = await changePolicy(
      store,
      { kind: "org", orgId: "a" },
      "e",
      () => ({
        numbers: {
          event: {
            type: "org.policy.lockout.changed",
            payload: { maxPasswordAttempts: mine },
          },
          limits: { maxPasswordAttempts: mine, maxOtpAttempts: 0 },
        },
      }),
    );
    writeSync(1, `${sequence} ${mine}\n`);
  }
}

await Promise.all(Array.from({ length: inFlight }, changeForever));
