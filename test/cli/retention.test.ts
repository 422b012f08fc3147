import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  it,
  vi,
} from "vitest";
import { defaultConfig } from "../../src/config.ts";
import { reportAttempt } from "../../src/lockout/attempt/attempt.ts";
import { startServer } from "../../src/server.ts";
import { checkDatabase } from "../../src/store/maintenance.ts";
import { openStore } from "../../src/store/open.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";
import { run } from "./command.ts";

// A database with events of attempts of 100 days ago, and with some of now.

const day = 86_400_000;
const config = {
  ...defaultConfig,
  listen: { host: "127.0.0.1", port: 0 },
  logLevel: "silent",
  adminToken: "the-token-of-who-keeps-events-for-90-days",
} as const;

let directory: TempDir;
let database: string;

beforeAll(() => {
  for (const name of ["DATABASE", "SERVER", "TOKEN"]) {
    vi.stubEnv(`LOCKOUTD_${name}`, undefined);
  }
});
afterAll(() => {
  vi.unstubAllEnvs();
});

const events = async () => {
  const store = await openStore(database, { exclusive: false });
  const found = await store.listEvents({ ascending: true, limit: 1000 });
  await store.close();
  return found.filter(({ type }) => type.includes(".check."));
};

beforeEach(async () => {
  directory = await makeTempDir();
  database = `sqlite:${directory.file("lockoutd.db")}`;
  let time = Date.now() - 100 * day;
  const now = () => time;
  const server = await startServer({ ...config, database }, { now });
  await server.close();
  const store = await openStore(database, { exclusive: true, now });
  const orgId = (await store.findInstance())?.firstOrgId ?? "";
  const report = (userId: string) =>
    store.reportAttempt({ kind: "user", orgId, userId }, "e", (view) =>
      reportAttempt(view, "password", { address: "192.0.2.7" }, "failed"),
    );
  for (const userId of ["a", "a", "b", "b"]) {
    await report(userId);
  }
  time += 99 * day;
  await report("a");
  await store.close();
});
afterEach(() => directory.remove());

const left = [
  { aggregateId: "b", sequence: 3, payload: undefined },
  { aggregateId: "a", sequence: 4, payload: { address: "192.0.2.7" } },
];

it("events prune removes what is older, at the database alone, and says how much", async () => {
  const prune = ["events", "prune", "--database", database];
  expect(await run(...prune, "--older-than", "120d")).toMatchObject({
    stdout: "0 events of attempts were removed\n",
    code: 0,
  });
  expect(await events()).toHaveLength(5);
  const { stdout } = await run(
    ...prune,
    ...["--older-than", "90d", "--output", "json"],
  );
  expect(JSON.parse(stdout)).toEqual({ events: 4 });
  expect(await events()).toMatchObject(left);
  expect((await checkDatabase(database)).problems).toEqual([]);
});

it("events prune wants an age, and no slip of one", async () => {
  const prune = ["events", "prune", "--database", database];
  expect(await run(...prune)).toMatchObject({
    stderr: expect.stringMatching(/--older-than <span>/) as string,
    code: 2,
  });
  expect(await run(...prune, "--older-than", "90s")).toMatchObject({
    stderr: expect.stringMatching(/at least 1h/) as string,
    code: 2,
  });
  expect(await events()).toHaveLength(5);
});

it("user erase forgets a person, at the database alone", async () => {
  const erase = ["user", "erase", "--database", database];
  expect(await run(...erase, "b")).toMatchObject({
    stdout: "the user was removed; 2 events told of the person\n",
    code: 0,
  });
  const { stdout } = await run(...erase, "b", "--output", "json");
  expect(JSON.parse(stdout)).toEqual({ removed: false, events: 0 });
  expect(await run(...erase, "nobody")).toMatchObject({
    stderr: expect.stringMatching(/has no user nobody/) as string,
    code: 1,
  });
  const told = (await events()).filter(({ payload }) => payload?.["address"]);
  expect(told.map(({ aggregateId }) => aggregateId)).toEqual(["a", "a", "a"]);
  expect((await checkDatabase(database)).problems).toEqual([]);
});

it("a server with a retention removes what is older, and one without keeps it", async () => {
  const keeping = await startServer({ ...config, database });
  await keeping.close();
  expect(await events()).toHaveLength(5);
  const server = await startServer({
    ...{ ...config, database },
    retentionMs: 90 * day,
  });
  await expect.poll(events).toMatchObject(left);
  await server.close();
  expect((await checkDatabase(database)).problems).toEqual([]);
});
