import { afterEach, beforeEach, expect, it } from "vitest";
import { createIds } from "../../src/store/ids.ts";
import { openPostgresStore } from "../../src/store/postgres/store.ts";
import { StoreUnavailableError } from "../../src/store/store.ts";
import type { Store } from "../../src/store/store.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import type { PostgresServer } from "../support/postgres-server.ts";
import { changePolicy } from "../support/change-policy.ts";

// I7: an answer leaves only when its record would survive, whatever the database is set to.

let server: PostgresServer;
let stores: Store[];

beforeEach(async () => {
  stores = [];
  server = await startPostgresServer();
});

afterEach(async () => {
  for (const store of stores) {
    await store.close();
  }
  await server.remove();
});

async function open(url = server.url("postgres")): Promise<Store> {
  const store = await openPostgresStore({
    url,
    exclusive: true,
    now: Date.now,
    newId: createIds(Date.now),
  });
  stores.push(store);
  return store;
}

async function change(store: Store): Promise<number> {
  const { sequence } = await changePolicy(
    store,
    { kind: "org", orgId: "o" },
    "e",
    () => ({
      numbers: {
        event: { type: "org.policy.lockout.changed" },
        limits: { maxPasswordAttempts: 1, maxOtpAttempts: 1 },
      },
    }),
  );
  return sequence;
}

/** Says whether somebody waited for a standby, who is told to wait no longer. */
async function cancelWaiting(): Promise<boolean> {
  const cancelled = await server.query(
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
  );
  return cancelled.length > 0;
}

it("what was answered is there after a crash, though the database is set not to wait for the disk", async () => {
  await server.query("ALTER DATABASE postgres SET synchronous_commit = off");
  const store = await open();
  const answered = await change(store);
  await server.stop("SIGQUIT");
  await server.start();
  expect(await change(await open())).toBe(answered + 1);
});

it("so is what was answered where settings may not be looked at", async () => {
  await server.query("CREATE ROLE plain LOGIN");
  await server.query("CREATE DATABASE hardened OWNER plain");
  await server.query("ALTER DATABASE hardened SET synchronous_commit = off");
  await server.query("REVOKE ALL ON pg_settings FROM PUBLIC", "hardened");
  const url = new URL(server.url("hardened"));
  url.username = "plain";
  const answered = await change(await open(url.href));
  await server.stop("SIGQUIT");
  await server.start();
  expect(await change(await open(url.href))).toBe(answered + 1);
});

it("a change that the standby does not confirm is not answered as done", async () => {
  const store = await open();
  const standby = await server.startStandby();
  try {
    await change(store);
    await standby.stop("SIGQUIT");
    const refused = expect(change(store)).rejects.toThrow(
      StoreUnavailableError,
    );
    // As an operator does to whatever hangs: the server then commits without the standby, and warns of that.
    await expect.poll(cancelWaiting).toBe(true);
    await refused;
  } finally {
    await standby.remove();
  }
});
