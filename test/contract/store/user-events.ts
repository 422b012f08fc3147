import { beforeEach, describe, expect, it } from "vitest";
import {
  beginAttempt,
  completeAttempt,
  reportAttempt,
} from "../../../src/lockout/attempt/attempt.ts";
import type { EventPayload } from "../../../src/lockout/events/event.ts";
import { addOrgPolicy } from "../../../src/lockout/policy/policy.ts";
import { recordPasswordChange } from "../../../src/lockout/user/password-change.ts";
import { lockUser, putUser } from "../../../src/lockout/user/user.ts";
import { unlockUser } from "../../../src/lockout/user/unlock.ts";
import type { WantedState } from "../../../src/lockout/user/user.ts";
import type { Subject, UserKey } from "../../../src/store/users.ts";
import type { StoreBed, WholeStore } from "./bed.ts";
import { limits, orgA, start } from "./samples.ts";

const alice: UserKey = { orgId: orgA.orgId, userId: "alice" };
const bob: UserKey = { orgId: orgA.orgId, userId: "bob" };
const allowed = { version: "v2", authorise: () => undefined } as const;

type Run = (store: WholeStore) => Promise<unknown>;

const put =
  (state: WantedState, names: readonly string[] = [], key = alice): Run =>
  (store) =>
    store.putUser(
      key,
      names.map((name) => ({ name, folded: name.toLowerCase() })),
      "editor",
      putUser(state),
    );
const subject = { kind: "user", ...alice } as const;
const begin = async (store: WholeStore) => {
  const { attempt } = await store.beginAttempt(subject, "editor", (view) =>
    beginAttempt(view, {
      ...{ attemptId: store.newId(), factor: "password" },
      ...{ client: {}, ttlMs: 60_000 },
    }),
  );
  return attempt?.id ?? "";
};
const lock: Run = (store) =>
  store.changeUser(alice, "editor", lockUser(allowed));
const unlock: Run = (store) =>
  store.changeUser(alice, "editor", unlockUser(allowed));
const remove: Run = (store) => store.deleteUser(alice, "editor");

const manyNames = Array.from({ length: 23 }, (_, index) => `name-${index}`);

interface Row {
  readonly name: string;
  /** What was done before. */
  readonly given?: readonly Run[];
  readonly run: Run;
  /** The events of the command, and no others. */
  readonly events: readonly (readonly [string, EventPayload?])[];
}

const rows: readonly Row[] = [
  {
    name: "registering an active user",
    run: put("active"),
    events: [["user.human.added"]],
  },
  {
    name: "registering an initial user",
    run: put("initial"),
    events: [["user.human.added", { state: "USER_STATE_INITIAL" }]],
  },
  {
    name: "registering an inactive user",
    run: put("inactive"),
    events: [["user.human.added", { state: "USER_STATE_INACTIVE" }]],
  },
  {
    name: "registering a locked user with names",
    run: put("locked", ["Al", "al@x"]),
    events: [
      ["user.human.added"],
      ["user.locked", { reason: "LOCK_REASON_ADMINISTRATOR" }],
      ["user.lockout.aliases.changed", { added: ["Al", "al@x"] }],
    ],
  },
  {
    name: "putting a user as it is",
    given: [put("initial", ["a", "b"])],
    run: put("initial", ["a", "b"]),
    events: [],
  },
  {
    name: "putting a user without saying a state",
    given: [put("inactive")],
    run: put(undefined),
    events: [],
  },
  {
    name: "putting the names in another order",
    given: [put(undefined, ["a", "b"])],
    run: put(undefined, ["b", "a"]),
    events: [],
  },
  {
    name: "a name that comes, one that goes, and one in another case",
    given: [put(undefined, ["a", "b", "c"])],
    run: put(undefined, ["d", "B", "c"]),
    events: [
      [
        "user.lockout.aliases.changed",
        { removed: ["a", "b"], added: ["d", "B"] },
      ],
    ],
  },
  {
    name: "many names: as many events as they need",
    run: put(undefined, manyNames),
    events: [
      ["user.human.added"],
      ["user.lockout.aliases.changed", { added: manyNames.slice(0, 10) }],
      ["user.lockout.aliases.changed", { added: manyNames.slice(10, 20) }],
      ["user.lockout.aliases.changed", { added: manyNames.slice(20) }],
    ],
  },
  {
    name: "names that were changed for others",
    given: [put(undefined, manyNames.slice(0, 7))],
    run: put(undefined, manyNames.slice(7, 14)),
    events: [
      [
        "user.lockout.aliases.changed",
        { removed: manyNames.slice(0, 7), added: manyNames.slice(7, 10) },
      ],
      ["user.lockout.aliases.changed", { added: manyNames.slice(10, 14) }],
    ],
  },
  {
    name: "a name that another user has",
    given: [put(undefined, ["x"], bob), put(undefined, ["a"])],
    run: (store) =>
      expect(put("inactive", ["b", "X"])(store)).rejects.toThrow(),
    events: [],
  },
  {
    name: "deactivating an active user",
    given: [put("active")],
    run: put("inactive"),
    events: [["user.deactivated"]],
  },
  {
    name: "deactivating an initial user",
    given: [put("initial")],
    run: put("inactive"),
    events: [["user.deactivated"]],
  },
  {
    name: "reactivating a user",
    given: [put("inactive")],
    run: put("active"),
    events: [["user.reactivated"]],
  },
  {
    name: "activating an initial user",
    given: [put("initial")],
    run: put("active"),
    events: [["user.lockout.state.changed", { state: "USER_STATE_ACTIVE" }]],
  },
  {
    name: "making an inactive user initial",
    given: [put("inactive")],
    run: put("initial"),
    events: [["user.lockout.state.changed", { state: "USER_STATE_INITIAL" }]],
  },
  {
    name: "deactivating a locked user: the lock stays",
    given: [put("locked")],
    run: put("inactive"),
    events: [["user.deactivated"]],
  },
  {
    name: "locking a locked user by putting",
    given: [put("locked")],
    run: put("locked"),
    events: [],
  },
  {
    name: "unlocking an initial user, who is active then",
    given: [put("initial"), lock],
    run: unlock,
    events: [["user.unlocked"]],
  },
  {
    name: "beginning an attempt of a user who was never seen",
    run: begin,
    events: [["user.human.added"]],
  },
  {
    name: "beginning another attempt",
    given: [begin],
    run: begin,
    events: [],
  },
  {
    name: "an attempt that is refused, of a user who was never seen",
    given: [put("locked", [], alice)],
    run: begin,
    events: [],
  },
  {
    name: "completing an attempt that was no guess",
    run: async (store) =>
      store.completeAttempt(
        orgA.orgId,
        await begin(store),
        "editor",
        (view, attempt) => completeAttempt(view, attempt, "not_a_guess"),
      ),
    events: [["user.human.added"]],
  },
  {
    name: "a reported failure that locks a user who was never seen",
    given: [
      (store) =>
        store.changePolicy(
          orgA,
          "editor",
          addOrgPolicy(orgA.orgId, limits(1, 1)),
        ),
    ],
    run: (store) =>
      store.reportAttempt(subject, "editor", (view) =>
        reportAttempt(view, "totp", { address: "192.0.2.1" }, "failed"),
      ),
    events: [
      ["user.human.added"],
      ["user.human.mfa.otp.check.failed", { address: "192.0.2.1" }],
      [
        "user.locked",
        {
          reason: "LOCK_REASON_OTP_ATTEMPTS",
          factor: "FACTOR_TOTP",
          failedAttempts: 1,
          address: "192.0.2.1",
        },
      ],
    ],
  },
  {
    name: "a password change of a user who was never seen",
    run: (store) => store.changeUser(alice, "editor", recordPasswordChange),
    events: [["user.human.added"], ["user.human.password.changed"]],
  },
  {
    name: "removing a user with names, a lock and an open attempt",
    given: [put("active", ["a", "b"]), begin, lock],
    run: remove,
    events: [["user.removed"]],
  },
  {
    name: "removing a user who is not there",
    run: remove,
    events: [],
  },
  {
    name: "removing a user twice",
    given: [put("active"), remove],
    run: remove,
    events: [],
  },
  {
    name: "registering a user who was removed",
    given: [put("locked", ["a"]), remove],
    run: put("active", ["a"]),
    events: [
      ["user.human.added"],
      ["user.lockout.aliases.changed", { added: ["a"] }],
    ],
  },
];

export function describeUserEvents(bed: StoreBed): void {
  describe("the record of users has of", () => {
    beforeEach(() => {
      bed.time = start;
    });

    it.each(rows)("$name", async ({ given = [], run, events }) => {
      for (const step of given) {
        await step(bed.store);
      }
      const [last] = await bed.events({ ascending: false, limit: 1 });
      await run(bed.store);
      const written = await bed.events({
        positionAfter: last?.position ?? 0,
      });

      expect(written.map(({ type, payload }) => [type, payload])).toEqual(
        events.map(([type, payload]) => [type, payload]),
      );
      for (const event of written) {
        expect(event).toMatchObject({
          ...{ aggregateType: "user", aggregateId: "alice" },
          ...{ resourceOwner: orgA.orgId, editor: "editor" },
        });
      }
    });

    it("an attempt that expired before its user was removed", async () => {
      await begin(bed.store);
      bed.time += 3_600_000;
      await remove(bed.store);
      expect(await bed.events()).toMatchObject([
        { type: "user.human.added" },
        {
          type: "user.human.password.check.failed",
          ...{ editor: "SYSTEM", creationMicros: (start + 60_000) * 1000 },
          payload: { expired: true },
        },
        { type: "user.removed", creationMicros: (start + 3_600_000) * 1000 },
      ]);
    });

    it("a name that leads to nobody: nothing", async () => {
      const nobody: Subject = {
        ...{ kind: "name", orgId: orgA.orgId, foldedName: "nobody" },
      };
      await bed.store.reportAttempt(nobody, "editor", (view) =>
        reportAttempt(view, "password", {}, "failed"),
      );
      expect(await bed.events()).toEqual([]);
    });
  });
}
