import { Client } from "pg";
import { expect, it } from "vitest";
import { revokeAccessToken } from "../../src/lockout/account/account.ts";
import { openPostgresStore } from "../../src/store/postgres/store.ts";
import { init, newToken } from "../contract/store/samples.ts";
import { usePostgres } from "../support/use-postgres.ts";

// Changes of accounts, tokens and organisations, each in a transaction of its own.

const postgres = usePostgres();

it("many of one account, while another node changes it, wait with one connection, and no read waits with them", async () => {
  const { url, drop } = await postgres.createMigrated();
  const store = await openPostgresStore({ url, exclusive: true });
  const { firstOrgId: orgId } = await store.initialise(init);
  const { result: account } = await store.createAccount(
    { orgId, loginName: "a", name: "", roles: [] },
    "e",
  );
  const other = new Client({ connectionString: url });
  const watcher = new Client({ connectionString: url });
  await Promise.all([other.connect(), watcher.connect()]);
  const count = async (condition: string) => {
    const { rows } = await watcher.query<{ count: string }>(
      `SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() AND ${condition}`,
    );
    return Number(rows[0]?.count);
  };
  await other.query("BEGIN");
  await other.query("SELECT id FROM accounts WHERE id = $1 FOR UPDATE", [
    account.id,
  ]);
  const changes = [...Array(30).keys()].map((index) =>
    index % 2 === 0
      ? store.changeAccount(
          account.id,
          "e",
          revokeAccessToken(String(index), 9_000_000_000_000),
        )
      : store.createAccountToken(
          account.id,
          newToken(50 + index, orgId),
          "e",
          () => undefined,
        ),
  );
  await expect.poll(() => count("wait_event_type = 'Lock'")).toBe(1);
  expect(await store.findAccount(account.id)).toMatchObject({ tokenIds: [] });
  expect(await store.orgExists(orgId)).toBe(true);
  expect(await count("wait_event_type = 'Lock'")).toBe(1);
  await other.query("ROLLBACK");

  const done = await Promise.all(changes);
  const sequences = done.flatMap((changed) =>
    (changed?.events ?? []).map(({ sequence }) => sequence),
  );
  expect(sequences.toSorted((a, b) => a - b)).toEqual(
    [...Array(30).keys()].map((index) => index + 2),
  );
  await Promise.all([other.end(), watcher.end()]);
  await store.close();
  await drop();
});

it("one of an organisation waits for commands on its policy before it takes the head of the log, which these take last", async () => {
  const { url, drop } = await postgres.createMigrated();
  const store = await openPostgresStore({ url, exclusive: true });
  const { firstOrgId: orgId } = await store.initialise(init);
  const other = new Client({ connectionString: url });
  const watcher = new Client({ connectionString: url });
  await Promise.all([other.connect(), watcher.connect()]);
  const waiting = async () => {
    const { rows } = await watcher.query(
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    return rows.length;
  };
  await other.query("BEGIN");
  await other.query(
    "INSERT INTO policy_owners (owner_kind, resource_owner, sequence) VALUES ('org', $1, 0) ON CONFLICT (owner_kind, resource_owner) DO UPDATE SET sequence = policy_owners.sequence",
    [orgId],
  );
  const renamed = store.renameOrg(orgId, "another name", "e");
  await expect.poll(waiting).toBe(1);
  const { rows } = await other.query(
    "SELECT position FROM log_head FOR UPDATE SKIP LOCKED",
  );
  expect(rows).toHaveLength(1);
  await other.query("ROLLBACK");
  expect(await renamed).toMatchObject({ type: "org.changed" });
  await Promise.all([other.end(), watcher.end()]);
  await store.close();
  await drop();
});
