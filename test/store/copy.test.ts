import { firstPage } from "../support/first-page.ts";
import { existsSync } from "node:fs";
import Database from "better-sqlite3";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
} from "vitest";
import { beginAttempt } from "../../src/lockout/attempt/attempt.ts";
import { eventCatalogue, eventTypes } from "../../src/lockout/events/event.ts";
import { updateOrgPolicy } from "../../src/lockout/policy/policy.ts";
import { reportAttempt } from "../../src/lockout/attempt/attempt.ts";
import { resetRules } from "../../src/lockout/policy/rules-commands.ts";
import { noRules } from "../../src/lockout/policy/rules.ts";
import type { PolicyOwner } from "../../src/store/policies.ts";
import {
  backupDatabase,
  checkDatabase,
  copyDatabase,
} from "../../src/store/maintenance.ts";
import { createSigningKeys } from "../../src/auth/signing-keys.ts";
import { openVault } from "../../src/sealing/open-vault.ts";
import { openStore } from "../../src/store/open.ts";
import { run } from "../cli/command.ts";
import { live } from "../support/life.ts";
import { usePostgres } from "../support/use-postgres.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { userSubject } from "../../src/store/users.ts";
import type { TempDir } from "../support/temp-dir.ts";
import { changePolicy, rulesDecision } from "../support/change-policy.ts";

let shared: TempDir;
let directory: TempDir;
/** Has lived, and ended: each test has a copy of its database. */
let server: TestServer;
let from: string;
let to: string;
const masterKey = "0123456789abcdef0123456789abcdef";
const silent = () => undefined;
/** A time at which both sides are looked at: what is open has expired by then. */
const later = Date.now() + 3_600_000;

beforeAll(async () => {
  shared = await makeTempDir();
  const lived = `sqlite:${shared.file("lived.db")}`;
  server = await startServer(lived);
  await live(server);
  await server.close();
  await setRules(lived);
  await renewKeys(lived);
});

afterAll(() => shared.remove());

beforeEach(async () => {
  directory = await makeTempDir();
  from = `sqlite:${directory.file("from.db")}`;
  to = `sqlite:${directory.file("to.db")}`;
  backupDatabase(
    `sqlite:${shared.file("lived.db")}`,
    directory.file("from.db"),
  );
});

/** New keys, which are sealed again. */
async function renewKeys(database: string): Promise<void> {
  const store = await openStore(database, { exclusive: true });
  const keyFile = undefined;
  await openVault(store, { masterKey: undefined, keyFile, reset: true });
  const opened = await openVault(store, { masterKey, keyFile, reset: false });
  await createSigningKeys(store, opened.vault, store.now).current();
  await store.close();
}

/** Rules of the default policy and of an organisation, and some that came and went. */
async function setRules(database: string): Promise<void> {
  const store = await openStore(database, { exclusive: true });
  const orgs = await store.listOrgs(firstPage);
  const [first, other] = orgs.items.map(({ id }) => id);
  const rules = {
    ...{ ...noRules, ceiling: 100, lockDurationMs: 1500 },
    storms: { maxLocks: 1, windowMs: 3_600_000 },
  };
  for (const owner of [
    { kind: "instance" },
    ...[first, other].map((orgId) => ({ kind: "org", orgId }) as const),
  ] as readonly PolicyOwner[]) {
    await store.changePolicy(owner, "e", () =>
      rulesDecision(owner.kind, rules),
    );
  }
  const reset = resetRules({});
  await store.changePolicy({ kind: "org", orgId: other ?? "" }, "e", reset);
  await store.addActivity([
    { orgId: first ?? "", time: 0, counts: { locks: 1 } },
  ]);
  const lock = (userId: string) =>
    store.reportAttempt(
      { kind: "user", orgId: first ?? "", userId },
      "e",
      (view) => reportAttempt(view, "totp", {}, "failed"),
    );
  await lock("in a storm under way");
  await lock("in a storm under way too");
  await store.settleAttempts(100);
  await lock("after it was settled");
  await store.close();
}

afterEach(async () => {
  await directory.remove();
});

const startServer = (database: string) =>
  startTestServer({
    database,
    masterKey,
    adminToken: "the-token-of-the-copy-administrator",
    defaultPolicy: { maxPasswordAttempts: 3, maxOtpAttempts: 0 },
  });

/** Breaks a copy off when so many rows are copied. */
async function breakOff(): Promise<void> {
  await expect(
    copyDatabase(from, to, (done) => {
      if (done > 20) {
        throw new Error("broken off");
      }
    }),
  ).rejects.toThrow("broken off");
}

/** Neither served nor changed by a command, and `check` says why. */
async function expectUnusable(database: string, why: RegExp): Promise<void> {
  await expect(startServer(database)).rejects.toThrow(why);
  const commands = [
    ["token", "create", "--role", "IAM_OWNER"],
    ["org", "create", "another"],
    ["policy", "set", "--max-password-attempts", "7"],
    ["user", "unlock", "user-5"],
  ];
  for (const command of commands) {
    const { code, stderr } = await run(...command, "--database", database);
    expect(code, command.join(" ")).toBe(1);
    expect(stderr).toMatch(why);
  }
  const { code, stdout, stderr } = await run("check", "--database", database);
  expect(code).toBe(1);
  expect(stdout + stderr).toMatch(why);
}

/** All that a database says of itself, by its own check and through its store. */
async function look(database: string) {
  const now = () => later;
  const store = await openStore(database, {
    exclusive: false,
    now,
  });
  try {
    const orgId = server.firstOrgId;
    const page = { size: 1000, after: undefined };
    const users = await store.listUsers(orgId, {}, page);
    return {
      instance: await store.findInstance(),
      orgs: (await store.listOrgs(firstPage)).items,
      tokens: (await store.listTokens(false, firstPage)).items,
      events: await store.listEvents({ ascending: true, limit: 1000 }),
      users,
      lockouts: await Promise.all(
        users.items.map(({ userId }) =>
          store.findLockout(userSubject({ orgId, userId })),
        ),
      ),
    };
  } finally {
    await store.close();
  }
}

describe("a copy", () => {
  it("has all that the source has, and is served in its place", async () => {
    const shown: [number, number][] = [];
    const report = await copyDatabase(from, to, (...progress) => {
      shown.push(progress);
    });
    expect(report.differences).toEqual([]);
    const rows = report.tables.map((table) => table.rows);
    const empty = report.tables.filter((table) => table.rows === 0);
    // No events were removed, and no reports had keys.
    expect(empty.map(({ name }) => name)).toEqual([
      ...["reports", "pruning"],
      ...["hooks", "hook_retries", "hook_deliveries"],
    ]);
    const total = rows.reduce((sum, count) => sum + count);
    expect(shown.at(-1)).toEqual([total, total]);

    expect(await checkDatabase(from)).toMatchObject({ problems: [] });
    expect(await checkDatabase(to)).toMatchObject({ problems: [] });
    expect(await look(to)).toEqual(await look(from));
    // Every type of event was in it, and says no more than the page of events tells.
    const { events } = await look(to);
    expect(new Set(events.map(({ type }) => type))).toEqual(
      new Set(eventTypes),
    );
    for (const { type, payload = {} } of events) {
      expect(Object.keys(eventCatalogue[type].payload)).toEqual(
        expect.arrayContaining(Object.keys(payload)),
      );
    }
  });

  it("goes on: sequences, positions, unknown names and tokens are those of the source", async () => {
    await copyDatabase(from, to, silent);
    const answers = [];
    for (const database of [from, to]) {
      const next = await startServer(database).catch((error: unknown) => error);
      // Not a first start: nothing is created.
      expect(next).toMatchObject({
        message: expect.stringContaining("a first start") as string,
      });
      const store = await openStore(database, {
        exclusive: false,
        now: server.now,
      });
      const orgId = server.firstOrgId;
      const { result } = await store.changeUser(
        { orgId, userId: "user-5" },
        "e",
        (view) => ({
          result: view.counters.password.failed,
          steps: [],
          events: [{ type: "user.human.password.changed" }],
        }),
      );
      const reported = await store.reportAttempt(
        { kind: "name", orgId, foldedName: "nobody" },
        "e",
        (view) => ({
          result: {
            accepted: false,
            locked: false,
            failed: view.counters.totp.open,
            limit: 0,
          },
          steps: [],
          events: [],
        }),
      );
      const events = await store.listEvents({ ascending: false, limit: 1 });
      answers.push({
        result,
        reported,
        event: { ...events[0], creationMicros: 0 },
      });
      await store.close();
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[0]?.reported.failed).toBe(1);
  });

  it("that was broken off is not served, and goes on where it stopped", async () => {
    await breakOff();
    await expect(startServer(to)).rejects.toThrow(
      /holds a copy that was broken off: run the same "lockoutd copy" again/,
    );
    const { problems } = await checkDatabase(to);
    expect(problems).toContainEqual(expect.stringMatching(/broken off/));
    const shown: number[] = [];
    const report = await copyDatabase(from, to, (done) => {
      shown.push(done);
    });
    expect(report.differences).toEqual([]);
    expect(shown[0]).toBeGreaterThan(20);
    // Once more, it finds nothing to do.
    expect(await copyDatabase(from, to, silent)).toEqual(report);
    expect(await look(to)).toEqual(await look(from));
  });

  it("says where both sides differ, as after a change of the source in between", async () => {
    await breakOff();
    const database = new Database(directory.file("from.db"));
    database.exec("UPDATE events SET editor = 'somebody' WHERE position = 1");
    database.close();
    const { differences } = await copyDatabase(from, to, silent);
    expect(differences).toHaveLength(1);
    expect(differences[0]).toMatch(
      /^events: (\d+) rows here and \1 there, with other values$/,
    );
    await expectUnusable(to, /is not like its source: run the same/);
    // Once more makes it anew.
    expect(await copyDatabase(from, to, silent)).toMatchObject({
      differences: [],
    });
    expect(await checkDatabase(to)).toMatchObject({ problems: [] });
    expect(await look(to)).toEqual(await look(from));
  });

  it("is not usable from its first row on until both sides were compared", async () => {
    for (const stop of [1, 5, Infinity]) {
      const target = `sqlite:${directory.file(`stopped-${stop}.db`)}`;
      await expect(
        copyDatabase(from, target, (done, total) => {
          // The last row is the instance's: all is there, and nothing compared.
          if (done >= Math.min(stop, total)) {
            throw new Error("broken off");
          }
        }),
      ).rejects.toThrow("broken off");
      await expectUnusable(target, /holds a copy that was broken off: run/);
      await expect(
        copyDatabase(target, `sqlite:${directory.file("x.db")}`, silent),
      ).rejects.toThrow(/holds a copy that was broken off/);
      expect(await copyDatabase(from, target, silent)).toMatchObject({
        differences: [],
      });
      expect(await checkDatabase(target)).toMatchObject({ problems: [] });
    }
  });

  it("that is done and was used since is not written to", async () => {
    await copyDatabase(from, to, silent);
    const store = await openStore(to, { exclusive: false, now: server.now });
    await store.createOrg("of the copy alone", "e");
    await store.close();
    const before = await look(to);
    await expect(copyDatabase(from, to, silent)).rejects.toThrow(
      /finished before, and one of the two has changed since \(orgs: 3 rows here and 4 there/,
    );
    expect(await look(to)).toEqual(before);
    expect(await checkDatabase(to)).toMatchObject({ problems: [] });
  });

  it("that an earlier version broke off goes on", async () => {
    await breakOff();
    const database = new Database(directory.file("to.db"));
    database.exec("DELETE FROM copy_state");
    database.close();
    expect(await copyDatabase(from, to, silent)).toMatchObject({
      differences: [],
    });
  });

  it("is refused where it would lose something, with what to do", async () => {
    await expect(copyDatabase(from, from, silent)).rejects.toThrow(
      /name the same database/,
    );
    await expect(
      copyDatabase(`sqlite:${directory.file("nothing.db")}`, to, silent),
    ).rejects.toThrow(/there is no database/);
    expect(existsSync(directory.file("to.db"))).toBe(false);

    const served = await startServer(to);
    await expect(copyDatabase(to, from, silent)).rejects.toThrow(
      /is served: stop the server first/,
    );
    await expect(copyDatabase(from, to, silent)).rejects.toThrow(
      /another lockoutd serves/,
    );
    await served.close();
    await expect(copyDatabase(from, to, silent)).rejects.toThrow(
      /holds another installation/,
    );
  });
});

describe("a copy to PostgreSQL", () => {
  const postgres = usePostgres();
  let url: string;
  let drop: () => Promise<void>;

  beforeEach(async () => {
    ({ url, drop } = await postgres.createDatabase());
  });
  afterEach(() => drop());

  it("has all that SQLite has, goes on there, and comes back with what was added", async () => {
    expect(await copyDatabase(from, url, silent)).toMatchObject({
      differences: [],
    });
    expect(await checkDatabase(url)).toMatchObject({ problems: [] });

    const before = await look(from);
    expect(await look(url)).toEqual(before);
    const store = await openStore(url, { exclusive: false });
    const owner = { kind: "org", orgId: server.firstOrgId } as const;
    const added = await changePolicy(
      store,
      owner,
      "e",
      updateOrgPolicy(owner.orgId, {
        maxPasswordAttempts: 4,
        maxOtpAttempts: 0,
      }),
    );
    expect(added.sequence).toBe(24);
    expect(added.position).toBe((before.events.at(-1)?.position ?? 0) + 1);
    const begun = await store.beginAttempt(
      { ...owner, kind: "user", userId: "only on PostgreSQL" },
      "e",
      (view, attemptId) =>
        beginAttempt(view, {
          attemptId,
          ...{ factor: "password", client: {}, ttlMs: 3_600_000 },
        }),
    );
    expect(begun.decision).toBe("proceed");
    await store.close();

    // The tool's machine number counts as held for a moment.
    await expect.poll(() => copyDatabase(url, to, silent)).toBeDefined();
    expect(await checkDatabase(to)).toMatchObject({ problems: [] });
    expect((await look(to)).events).toEqual((await look(url)).events);
    expect((await look(to)).users).toEqual((await look(url)).users);
  });

  it("is not made from what is served, nor over another installation", async () => {
    const node = await startServer(url);
    await expect(copyDatabase(url, to, silent)).rejects.toThrow(
      /is served: stop the nodes first/,
    );
    await expect(copyDatabase(from, url, silent)).rejects.toThrow(
      /holds another installation/,
    );
    await node.close();
  });

  it("that was broken off is not served, and goes on where it stopped", async () => {
    await expect(
      copyDatabase(from, url, (done) => {
        if (done > 20) {
          throw new Error("broken off");
        }
      }),
    ).rejects.toThrow("broken off");
    await expectUnusable(url, /holds a copy that was broken off/);
    const database = new Database(directory.file("from.db"));
    database.exec("UPDATE events SET editor = 'somebody' WHERE position = 1");
    database.close();
    const { differences } = await copyDatabase(from, url, silent);
    expect(differences).toHaveLength(1);
    await expectUnusable(url, /is not like its source/);
    expect(await copyDatabase(from, url, silent)).toMatchObject({
      differences: [],
    });
    expect(await checkDatabase(url)).toMatchObject({ problems: [] });
    expect(await look(url)).toEqual(await look(from));
  });

  it("has no backup of ours, and says what to use", async () => {
    const { code, stderr } = await run("backup", "x.db", "--database", url);
    expect(code).toBe(1);
    expect(stderr).toContain("pg_dump");
  });
});

describe("lockoutd copy", () => {
  it("prints what it copied, and that source and copy are alike", async () => {
    const { code, stdout, stderr } = await run(
      ...["copy", "--from", from, "--to", to],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^orgs: 3 rows, SHA-256 [0-9a-f]{64}$/m);
    expect(stdout).toMatch(/source and copy are alike\n$/);
  });

  it("wants both databases, and says so", async () => {
    const { code, stderr } = await run("copy", "--from", from);
    expect(code).toBe(2);
    expect(stderr).toContain("--to <url>");
  });
});
