import { expect, test } from "vitest";
import type { Account } from "../../src/lockout/account/account-record.ts";
import { startSecretEvents } from "../../src/oauth/secret-events.ts";
import { StoreUnavailableError } from "../../src/store/store.ts";

/** A store that fails with these errors, one after another, and then writes. */
function make(...failures: readonly Error[]) {
  const left = [...failures];
  const written: (readonly [string, unknown])[] = [];
  const told: unknown[] = [];
  const events = startSecretEvents(
    {
      changeAccount: (accountId, _editor, decide) => {
        const failure = left.shift();
        if (failure !== undefined) {
          return Promise.reject(failure);
        }
        const { events: made } = decide({ id: accountId } as Account, 0);
        for (const { type, payload } of made) {
          written.push([`${accountId} ${type}`, payload]);
        }
        return Promise.resolve(undefined);
      },
    },
    (error) => told.push(error),
  );
  return { events, written, told, write: () => events.stop() };
}

test("what could not be written is written once the store is back, with what came meanwhile", async () => {
  const away = new StoreUnavailableError("away");
  const { events, written, told, write } = make(away);
  events.onWrong("a", "192.0.2.1");
  events.onRight("a", "192.0.2.1");
  events.onWrong("b", "192.0.2.1");
  await write();
  expect(told).toEqual([away]);
  expect(written).toEqual([]);
  events.onWrong("a", "192.0.2.1");
  await write();
  expect(written).toEqual([
    [
      "a user.machine.secret.check.failed",
      expect.objectContaining({ failedAttempts: 2 }),
    ],
    ["a user.machine.secret.check.succeeded", expect.anything()],
    [
      "b user.machine.secret.check.failed",
      expect.objectContaining({ failedAttempts: 1 }),
    ],
  ]);
  await write();
  expect(written).toHaveLength(3);
});

test("what cannot be written for another reason holds up nothing else", async () => {
  const { events, written, told, write } = make(new Error("no such account"));
  events.onWrong("a", "192.0.2.1");
  events.onWrong("b", "192.0.2.1");
  await write();
  await write();
  expect(told).toHaveLength(1);
  expect(written.map(([what]) => what)).toEqual([
    "b user.machine.secret.check.failed",
  ]);
});
