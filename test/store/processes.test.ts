import { firstPage } from "../support/first-page.ts";
import { execFile } from "node:child_process";
import {
  closeSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createIds } from "../../src/store/ids.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import {
  StoreRefusedError,
  StoreUnavailableError,
} from "../../src/store/store.ts";
import type { Store } from "../../src/store/store.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";
import { startStoreProcess } from "./store-messages.ts";
import type { StoreProcess } from "./store-messages.ts";
import { changePolicy } from "../support/change-policy.ts";

const run = promisify(execFile);

let dir: TempDir;
let path: string;
let processes: StoreProcess[];
let stores: Store[];

beforeEach(async () => {
  dir = await makeTempDir();
  path = dir.file("lockoutd.db");
  processes = [];
  stores = [];
});

afterEach(async () => {
  for (const store of stores) {
    await store.close();
  }
  for (const each of processes) {
    await each.kill();
  }
  await dir.remove();
});

async function openHere(exclusive: boolean): Promise<Store> {
  const store = await openSqliteStore({
    path,
    exclusive,
    now: Date.now,
    newId: createIds(Date.now),
  });
  stores.push(store);
  return store;
}

async function openThere(
  role: "server" | "tool" = "server",
): Promise<StoreProcess> {
  const started = await startStoreProcess(path, role);
  processes.push(started);
  return started;
}

function changeHere(store: Store, orgId: string, value = 1) {
  return changePolicy(store, { kind: "org", orgId }, "here", () => ({
    numbers: {
      event: {
        type: "org.policy.lockout.changed",
        payload: { maxPasswordAttempts: value },
      },
      limits: { maxPasswordAttempts: value, maxOtpAttempts: 0 },
    },
  }));
}

describe("a file that is served", () => {
  it("takes no second server, of this process or another", async () => {
    const store = await openHere(true);
    await expect(openHere(true)).rejects.toThrow(StoreRefusedError);
    await store.close();

    await openThere();
    await expect(openHere(true)).rejects.toThrow(
      /another lockoutd serves .*lockoutd\.db: stop it first/,
    );
  });

  it("is free again when its server closed it, or was killed", async () => {
    await (await openHere(true)).close();
    await (await openHere(true)).close();

    const killed = await openThere();
    killed.send({ kind: "change", orgId: "a", value: 7 });
    expect(await killed.receive()).toEqual({ kind: "changed", sequence: 1 });
    await killed.kill();

    const store = await openHere(true);
    expect(await store.findPolicy({ kind: "org", orgId: "a" })).toMatchObject({
      maxPasswordAttempts: 7,
    });
  });

  it("is written by a tool while the server writes without a pause", async () => {
    const server = await openThere();
    server.send({ kind: "stream", orgId: "shared" });
    const tool = await openHere(false);

    for (let index = 0; index < 30; index += 1) {
      await changeHere(tool, "shared");
      await tool.createOrg(`org ${index}`, "e");
    }
    server.send({ kind: "stop" });
    const last = await server.receive();

    expect(last.kind).toBe("changed");
    const all = await tool.listEvents({ ascending: true, limit: 1_000_000 });
    const events = all.filter(({ aggregateId }) => aggregateId === "shared");
    expect(events.map(({ sequence }) => sequence)).toEqual(
      events.map((_, index) => index + 1),
    );
    const here = events.filter(({ editor }) => editor === "here");
    expect(here).toHaveLength(30);
    expect(events.length).toBeGreaterThan(30);
    expect((await tool.listOrgs(firstPage)).items).toHaveLength(30);
  });

  it("is read as it is after each change that a tool in another process made", async () => {
    const server = await openHere(true);
    const org = { kind: "org", orgId: "a" } as const;
    expect(await server.findPolicy(org)).toBeUndefined();
    const tool = await openThere("tool");

    for (let value = 1; value <= 100; value += 1) {
      tool.send({ kind: "change", orgId: "a", value });
      expect(await tool.receive()).toEqual({
        kind: "changed",
        sequence: value,
      });
      // What was read before is remembered, and must not be believed now.
      for (let times = 0; times < 2; times += 1) {
        expect(await server.findPolicy(org)).toMatchObject({
          maxPasswordAttempts: value,
        });
      }
    }
  });

  it("is not upgraded under its server", async () => {
    const { default: Database } = await import("better-sqlite3");
    const store = await openHere(true);
    const database = new Database(path);
    database.exec("DELETE FROM lockoutd_migrations");
    database.close();
    await expect(openHere(false)).rejects.toThrow(
      /older than this lockoutd and is being served: stop the server/,
    );
    await store.close();
  });
});

describe("group commit", () => {
  it("shares one commit among those that wait together", async () => {
    const store = await openHere(true);
    await changeHere(store, "a");
    const before = commitsInLog();

    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        changeHere(store, `org ${index % 7}`),
      ),
    );
    expect(commitsInLog() - before).toBe(1);

    for (let index = 0; index < 5; index += 1) {
      await changeHere(store, "a");
    }
    expect(commitsInLog() - before).toBe(6);
  });

  it("commits nothing for refusals", async () => {
    const store = await openHere(true);
    await changeHere(store, "a");
    const before = statSync(`${path}-wal`).size;
    await expect(
      changePolicy(store, { kind: "org", orgId: "a" }, "e", () => {
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    expect(statSync(`${path}-wal`).size).toBe(before);
  });

  /**
   * The commits in the write-ahead log, by its format (https://sqlite.org/fileformat2.html#walformat): a header
   * of 32 bytes with the page size at 8 and salts at 16, then frames with a header of 24 bytes each: the size of
   * the database at 4, not 0 in a commit's last frame, and the log's salts at 8 unless the frame is an old one.
   */
  function commitsInLog(): number {
    const log = readFileSync(`${path}-wal`);
    const frame = 24 + log.readUInt32BE(8);
    const salts = log.readBigUInt64BE(16);
    let commits = 0;
    for (let at = 32; at + frame <= log.length; at += frame) {
      const ofThisLog = log.readBigUInt64BE(at + 8) === salts;
      if (ofThisLog && log.readUInt32BE(at + 4) !== 0) {
        commits += 1;
      }
    }
    return commits;
  }
});

describe("a file that fails", () => {
  it("on a write past a limit answers UNAVAILABLE, and goes on when there is room", async ({
    skip,
  }) => {
    const server = await openThere();
    const pid = String(server.child.pid);
    const limit = (bytes: string) =>
      run("prlimit", ["--pid", pid, `--fsize=${bytes}:unlimited`]);
    await limit("unlimited").catch(() => skip("there is no prlimit here"));
    server.send({ kind: "change", orgId: "a", value: 1 });
    expect(await server.receive()).toEqual({ kind: "changed", sequence: 1 });

    await limit(String(statSync(`${path}-wal`).size));
    for (let index = 0; index < 3; index += 1) {
      server.send({ kind: "change", orgId: "a", value: 2 });
      expect(await server.receive()).toMatchObject({
        kind: "failed",
        name: "StoreUnavailableError",
        message: expect.stringMatching(/SQLITE_(IOERR_WRITE|FULL)/) as string,
      });
    }

    await limit("unlimited");
    server.send({ kind: "change", orgId: "a", value: 3 });
    expect(await server.receive()).toEqual({ kind: "changed", sequence: 2 });
    await server.kill();
    const store = await openHere(true);
    const events = await store.listEvents({ ascending: true, limit: 10 });
    expect(
      events.map(({ payload }) => payload?.["maxPasswordAttempts"]),
    ).toEqual([1, 3]);
  });

  it("in its pages answers UNAVAILABLE and names the remedy", async () => {
    const store = await openHere(true);
    await Promise.all(
      Array.from({ length: 500 }, (_, index) => changeHere(store, `${index}`)),
    );
    await store.close();
    const file = openSync(path, "r+");
    const { size } = statSync(path);
    writeSync(file, Buffer.alloc(size - 4096, 0xa5), 0, size - 4096, 4096);
    closeSync(file);

    // What breaks first depends on the pages that are read first: the migrations' or the data's.
    const use = async () => {
      const broken = await openHere(true);
      await broken.listEvents({ ascending: true, limit: 1000 });
    };
    const error: unknown = await use().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(error).toHaveProperty(
      "message",
      expect.stringMatching(/SQLITE_CORRUPT.*restore a backup/),
    );
  });
});
