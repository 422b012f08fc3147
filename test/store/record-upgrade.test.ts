import { firstPage } from "../support/first-page.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  beginAttempt,
  completeAttempt,
} from "../../src/lockout/attempt/attempt.ts";
import type { BeginCommand } from "../../src/lockout/attempt/attempt.ts";
import { recordPasswordChange } from "../../src/lockout/user/password-change.ts";
import { lockUser, putUser } from "../../src/lockout/user/user.ts";
import { unlockUser } from "../../src/lockout/user/unlock.ts";
import { checkDatabase } from "../../src/store/maintenance.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import type { Alias } from "../../src/store/users.ts";
import {
  leftAt,
  makePostgresBefore,
  makeSqliteBefore,
  openAttemptBefore,
} from "../support/before.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { usePostgres } from "../support/use-postgres.ts";

// A database that the first version has filled, in which users are in the middle of something, is opened by this one.

const api = { version: "v2", authorise: () => undefined } as const;
const alias = (name: string): Alias => ({ name, folded: name.toLowerCase() });
const everything = { ascending: true, limit: 1000 } as const;

interface Place {
  readonly engine: "sqlite" | "postgres";
  readonly url: string;
  readonly remove: () => Promise<void>;
}

function describeUpgrade(make: () => Promise<Place>): void {
  let place: Place;
  let store: Store;
  let orgId: string;
  let time: number;

  beforeEach(async () => {
    time = leftAt;
    place = await make();
    store = await openStore(place.url, { exclusive: true, now: () => time });
    orgId = (await store.findInstance())?.firstOrgId ?? "";
  });
  afterEach(async () => {
    await store.close();
    await place.remove();
  });

  const check = async () => (await checkDatabase(place.url)).problems;
  const key = (userId: string) => ({ orgId, userId });
  const typesAfter = async (positionAfter: number) =>
    (await store.listEvents({ ...everything, positionAfter })).map(
      ({ type, aggregateId }) => [aggregateId, type],
    );

  it("is sound, and nothing is made up", async () => {
    expect(await check()).toEqual([]);
    expect(await store.lastPosition()).toBe(17);
    expect(await store.listEvents(everything)).toHaveLength(17);
    expect((await store.listOrgs(firstPage)).items).toHaveLength(2);
    expect((await store.listTokens(false, firstPage)).items).toHaveLength(2);
    expect(await store.findUser(key("aliased"))).toMatchObject({
      aliases: ["Al", "al@example.org"],
    });
  });

  it("goes on: locks hold, open attempts hold their chances, and are completed", async () => {
    expect(await store.findUser(key("locked"))).toMatchObject({
      lock: { reason: "password_attempts" },
    });
    const command: BeginCommand = {
      ...{ attemptId: store.newId(), factor: "password" },
      ...{ client: {}, ttlMs: 60_000 },
    };
    const begun = await store.beginAttempt(
      { kind: "user", ...key("counted") },
      "e",
      (view) => beginAttempt(view, command),
    );
    expect(begun).toMatchObject({ decision: "busy", failed: 2, open: 1 });
    const attemptId = await openAttemptBefore(place.engine, "password");
    const completed = await store.completeAttempt(
      orgId,
      attemptId,
      "e",
      (view, attempt) => completeAttempt(view, attempt, "failed"),
    );
    expect(completed).toMatchObject({ locked: true, failed: 3 });
    expect(await check()).toEqual([]);
    time += 3_600_000;
    await store.settleAttempts(100);
    expect(await check()).toEqual([]);
    expect(await typesAfter(17)).toEqual([
      ["counted", "user.human.password.check.failed"],
      ["counted", "user.locked"],
      ["open", "user.human.mfa.otp.check.failed"],
    ]);
  });

  it("records what changes of users who were there before", async () => {
    await store.deleteUser(key("locked"), "e");
    await store.putUser(key("locked"), [], "e", putUser(undefined));
    await store.putUser(
      key("aliased"),
      [alias("al"), alias("new")],
      "e",
      putUser("inactive"),
    );
    await store.putUser(key("initial"), [alias("ini")], "e", putUser("active"));
    await store.putUser(key("inactive"), [], "e", putUser("active"));
    await store.changeUser(key("administered"), "e", unlockUser(api));
    await store.changeUser(key("again"), "e", recordPasswordChange);
    await store.changeUser(key("again"), "e", lockUser(api));
    await store.deleteUser(key("again"), "e");
    await store.putUser(
      key("removed"),
      [alias("rem")],
      "e",
      putUser(undefined),
    );

    expect(await check()).toEqual([]);
    expect(await typesAfter(17)).toEqual([
      ["locked", "user.removed"],
      ["locked", "user.human.added"],
      ["aliased", "user.deactivated"],
      ["aliased", "user.lockout.aliases.changed"],
      ["initial", "user.lockout.state.changed"],
      ["inactive", "user.reactivated"],
      ["administered", "user.unlocked"],
      ["again", "user.human.password.changed"],
      ["again", "user.locked"],
      ["again", "user.removed"],
      ["removed", "user.human.added"],
      ["removed", "user.lockout.aliases.changed"],
    ]);
  });
}

describe("a database of the version before, on SQLite", () => {
  describeUpgrade(async () => {
    const directory = await makeTempDir();
    await makeSqliteBefore(directory.file("before.db"));
    return {
      engine: "sqlite",
      url: `sqlite:${directory.file("before.db")}`,
      remove: () => directory.remove(),
    };
  });
});

describe("a database of the version before, on PostgreSQL", () => {
  const postgres = usePostgres();
  describeUpgrade(async () => {
    const { url, drop } = await postgres.createDatabase();
    await makePostgresBefore(url);
    return { engine: "postgres", url, remove: drop };
  });
});
