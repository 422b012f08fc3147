import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { defaultConfig } from "../../src/config.ts";
import { startServer } from "../../src/server.ts";
import type { RunningServer } from "../../src/server.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";
import { run } from "./command.ts";
import { startProcess } from "./process.ts";

const adminToken = "the-token-of-who-follows-the-events-of-all";

let directory: TempDir;
let database: string;
let server: RunningServer;

const start = (port: number) =>
  startServer({
    ...defaultConfig,
    listen: { host: "127.0.0.1", port },
    ...{ database, adminToken, logLevel: "silent" },
  });

beforeAll(async () => {
  for (const name of ["DATABASE", "SERVER", "TOKEN"]) {
    vi.stubEnv(`LOCKOUTD_${name}`, undefined);
  }
  directory = await makeTempDir();
  database = `sqlite:${directory.file("lockoutd.db")}`;
  server = await start(0);
});
afterAll(async () => {
  await server.close();
  vi.unstubAllEnvs();
  await directory.remove();
});

/** Locks a user who was not seen before: two events. */
async function lock(id: string): Promise<void> {
  const transport = createGrpcTransport({ baseUrl: server.url });
  const headers = { authorization: `Bearer ${adminToken}` };
  await createClient(UserService, transport).putUser(
    { userId: id, aliases: [`name of ${id}`] },
    { headers },
  );
  await createClient(ManagementService, transport).lockUser(
    { id },
    { headers },
  );
}

it.each([
  ["a database", () => ["--database", database]],
  ["a server", () => ["--server", server.url, "--token", adminToken]],
])("events --follow prints what comes, of %s", async (where, on) => {
  const own = where.replace(" ", "-");
  await lock(`before-${own}`);
  const following = startProcess(
    [
      ...["events", "--follow", "--since", "1h", "--output", "json"],
      ...["--type", "user.locked", "user.human.added", ...on()],
    ],
    { cwd: directory.path },
  );
  await following.printed(new RegExp(`"user.locked".*"before-${own}"`));
  await lock(`first-${own}`);
  await following.printed(new RegExp(`"user.locked".*"first-${own}"`));
  if (where === "a server") {
    // It goes on behind the last event, though the server was away.
    const { port } = new URL(server.url);
    await server.close();
    server = await start(Number(port));
  }
  await lock(`second-${own}`);
  await following.printed(new RegExp(`"user.locked".*"second-${own}"`));
  following.child.kill("SIGINT");
  expect(await following.ended).toBe(0);

  const lines = following.stdout().trimEnd().split("\n");
  const events = lines.map((line) => JSON.parse(line) as Printed);
  expect(
    events
      .filter(({ aggregate }) => aggregate.id.endsWith(own))
      .map(({ aggregate, type }) => [aggregate.id, type]),
  ).toEqual(
    ["before", "first", "second"].flatMap((which) => [
      [`${which}-${own}`, "user.human.added"],
      [`${which}-${own}`, "user.locked"],
    ]),
  );
  const dates = events.map(({ creationDate }) => creationDate);
  expect(dates.toSorted()).toEqual(dates);
  expect(new Set(dates).size).toBe(dates.length);
});

interface Printed {
  readonly creationDate: string;
  readonly type: string;
  readonly aggregate: { readonly id: string };
}

it("events --follow ends, and says why, where its reader has ended", async () => {
  await lock("read");
  const following = startProcess(
    [
      ...["events", "--follow", "--since", "1h", "--database", database],
      ...["--type", "user.locked"],
    ],
    { cwd: directory.path },
  );
  await following.printed(/user read/);
  following.child.stdout.destroy();
  await lock("unread");
  expect(await following.ended).toBe(1);
  expect(following.stderr()).toContain("nobody reads the output any more");
});

it("events --follow without --since begins now, and prints a line of text for each", async () => {
  await lock("earlier");
  const following = startProcess(
    ["events", "--follow", "--database", database],
    { cwd: directory.path },
  );
  // Until it has begun, what comes is before.
  const later = setInterval(() => void lock(`later-${Date.now()}`), 300);
  const [line] = await following.printed(/^.*user\.locked.*later-.*$/m);
  clearInterval(later);
  following.child.kill("SIGTERM");
  expect(await following.ended).toBe(0);
  expect(line).toMatch(
    /^\d{4}-\S+Z  user\.locked  user later-\d+  3  \d{18}  \d{18} \(administrator(?: \(LOCKOUTD_ADMIN_TOKEN\))?\)  \{.*\}$/,
  );
  expect(following.stdout()).not.toContain("earlier");
});

it("events --follow ends where it may not read, and where there is no server", async () => {
  const follow = ["events", "--follow", "--server", server.url];
  expect(await run(...follow, "--token", "no-such-token")).toMatchObject({
    stderr: expect.stringMatching(/AUTH-7fs1e/) as string,
    code: 1,
  });
  const nobody = ["--server", "http://127.0.0.1:1", "--token", adminToken];
  expect(
    await run("events", "--follow", "--since", "1h", ...nobody),
  ).toMatchObject({
    stderr: expect.stringMatching(/cannot be reached/) as string,
    code: 1,
  });
});

it("events --since takes a day, and --follow no end", async () => {
  const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const { stdout } = await run(
    ...["events", "--since", day, "--output", "json", "--database", database],
  );
  expect(JSON.parse(stdout)).not.toEqual([]);
  for (const option of [["--until", "1h"], ["--limit", "3"], ["--asc"]]) {
    expect(
      await run("events", "--follow", ...option, "--database", database),
    ).toMatchObject({
      stderr: expect.stringMatching(
        /--follow goes on without an end/,
      ) as string,
      code: 2,
    });
  }
});
