import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { reportAttempt } from "../../src/lockout/attempt/attempt.ts";
import { putUser } from "../../src/lockout/user/user.ts";
import { eraseUser } from "../../src/store/erasure.ts";
import { checkDatabase } from "../../src/store/maintenance.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { usePostgres } from "../support/use-postgres.ts";

// A person is forgotten: nothing of names, addresses and devices is left, nobody else loses anything, and `check` passes.

const orgId = "300000000000000001";
const client = {
  address: "192.0.2.77",
  userAgent: "a-telling-agent",
  device: "a-telling-device",
};
const telling = /192\.0\.2\.77|telling/;

interface Place {
  readonly url: string;
  /** The file, where it is one. */
  readonly path?: string;
  readonly remove: () => Promise<void>;
}

function describeErasure(make: () => Promise<Place>): void {
  let place: Place;
  let store: Store;

  beforeEach(async () => {
    place = await make();
    store = await openStore(place.url, { exclusive: true });
    await store.initialise({
      orgName: "first",
      policy: {
        numbers: {
          event: { type: "instance.policy.lockout.added" },
          limits: { maxPasswordAttempts: 0, maxOtpAttempts: 0 },
        },
      },
      token: {
        hash: new Uint8Array(32).fill(1),
        name: "",
        roles: ["IAM_OWNER"],
        expirationDate: undefined,
      },
    });
  });
  afterEach(async () => {
    await store.close();
    await place.remove();
  });

  const fill = async (userId: string, attempts: number) => {
    const name = `telling-${userId}`;
    const key = { orgId, userId };
    await store.putUser(key, [{ name, folded: name }], "e", putUser("active"));
    for (let index = 0; index < attempts; index += 1) {
      await store.reportAttempt({ kind: "user", ...key }, "e", (view) =>
        reportAttempt(view, "password", client, "failed"),
      );
    }
    await store.putUser(key, [], "e", putUser("inactive"));
  };
  const eventsOf = async (userId: string) =>
    store.listEvents({
      ...{ ascending: true, limit: 1000, aggregateId: userId },
    });

  it("who is there, by a tool beside the server", async () => {
    await fill("gone", 250);
    await fill("stays", 2);
    const [before, others] = [await eventsOf("gone"), await eventsOf("stays")];
    expect(JSON.stringify(before)).toMatch(telling);

    const tool = await openStore(place.url, { exclusive: false });
    const key = { orgId, userId: "gone" };
    expect(await eraseUser(tool, key)).toEqual({ removed: true, events: 252 });
    await tool.close();
    const after = await eventsOf("gone");
    expect(JSON.stringify(after)).not.toMatch(telling);
    expect(after.map(({ type, sequence }) => [type, sequence])).toEqual([
      ...before.map(({ type, sequence }) => [type, sequence]),
      ["user.removed", before.length + 1],
    ]);
    expect(await eventsOf("stays")).toEqual(others);
    expect(await store.findUser(key)).toBeUndefined();
    expect((await checkDatabase(place.url)).problems).toEqual([]);
  });

  it("and leaves nothing of the person in the file", async () => {
    await fill("gone", 20);
    await store.close();
    if (place.path !== undefined) {
      expect(await readFile(place.path, "latin1")).toMatch(telling);
    }
    const tool = await openStore(place.url, { exclusive: false });
    await eraseUser(tool, { orgId, userId: "gone" });
    await tool.close();
    if (place.path !== undefined) {
      expect(await readFile(place.path, "latin1")).not.toMatch(telling);
    }
    store = await openStore(place.url, { exclusive: true });
  });

  it("who was removed before, and not who has the id now", async () => {
    await fill("again", 2);
    const key = { orgId, userId: "again" };
    await store.deleteUser(key, "e");
    expect(await eraseUser(store, key)).toEqual({ removed: false, events: 4 });
    await fill("again", 1);
    expect((await checkDatabase(place.url)).problems).toEqual([]);
    expect(JSON.stringify(await eventsOf("again"))).toMatch(telling);
    expect(await eraseUser(store, key)).toEqual({ removed: true, events: 3 });
    expect(JSON.stringify(await eventsOf("again"))).not.toMatch(telling);
    expect((await checkDatabase(place.url)).problems).toEqual([]);
  });

  it("who was removed with the organisation", async () => {
    const gone = await store.createOrg("gone", "e");
    const key = { orgId: gone.id, userId: "with it" };
    await store.putUser(key, [], "e", putUser("active"));
    await store.reportAttempt({ kind: "user", ...key }, "e", (view) =>
      reportAttempt(view, "password", client, "failed"),
    );
    await store.removeOrg(gone.id, "e");
    expect(await eraseUser(store, key)).toEqual({ removed: false, events: 1 });
    expect(JSON.stringify(await eventsOf("with it"))).not.toMatch(telling);
    expect((await checkDatabase(place.url)).problems).toEqual([]);
  });

  it("and nobody where there is nobody", async () => {
    await fill("somebody", 1);
    const nobody = { orgId, userId: "nobody" };
    const last = await store.lastPosition();
    expect(await eraseUser(store, nobody)).toBeUndefined();
    const elsewhere = { orgId: "300000000000000002", userId: "somebody" };
    expect(await eraseUser(store, elsewhere)).toBeUndefined();
    expect(await store.lastPosition()).toBe(last);
  });
}

describe("erasing a user on SQLite", () => {
  describeErasure(async () => {
    const directory = await makeTempDir();
    const path = directory.file("a.db");
    return {
      url: `sqlite:${path}`,
      path,
      remove: () => directory.remove(),
    };
  });
});

describe("erasing a user on PostgreSQL", () => {
  const postgres = usePostgres();
  describeErasure(async () => {
    const { url, drop } = await postgres.createMigrated();
    return { url, remove: drop };
  });
});
