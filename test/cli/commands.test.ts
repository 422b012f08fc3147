import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { Http2Server } from "node:http2";
import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { run } from "./command.ts";
import type { Outcome } from "./command.ts";
import { serveDatabase } from "./served-database.ts";

const served = serveDatabase();
const { onDatabase, onServer } = served;

async function succeed(...args: readonly string[]): Promise<Outcome> {
  const outcome = await run(...args);
  expect(outcome, args.join(" ")).toMatchObject({ code: 0 });
  return outcome;
}

/** What a command prints for a script. */
async function read(...args: readonly string[]): Promise<unknown> {
  const { stdout, stderr } = await succeed(...args, "--output", "json");
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

/** The first line of standard output, which is all of it. */
async function onlyLine(...args: readonly string[]): Promise<string> {
  const { stdout } = await succeed(...args);
  const [line = "", ...rest] = stdout.split("\n");
  expect(rest).toEqual([""]);
  return line;
}

async function refused(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^lockoutd: .*\n$/);
  return stderr;
}

describe.each([
  { where: "the database, while it is served", on: onDatabase },
  { where: "a server", on: onServer },
])("on $where", ({ on }) => {
  const newOrg = () =>
    onlyLine("org", "create", "Example Ltd", "--allow-duplicate", ...on());

  test("org create prints the id alone; org list shows the organisation", async () => {
    const id = await newOrg();
    expect(id).toMatch(/^\d{18}$/);
    expect(await read("org", "list", ...on())).toContainEqual({
      id,
      name: "Example Ltd",
      creationDate: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    });
    const { stdout } = await succeed("org", "list", ...on());
    expect(stdout).toMatch(new RegExp(`^${id}  \\S+  Example Ltd$`, "m"));
  });

  test("org create refuses a name that an organisation has, and names it, unless it is told to make another one", async () => {
    const name = `Twice ${randomUUID()}`;
    const first = await onlyLine("org", "create", name, ...on());
    expect(await refused("org", "create", name, ...on())).toContain(
      `"${name}" is that of the organisation ${first} already`,
    );
    const again = ["org", "create", name, "--allow-duplicate", ...on()];
    const second = await onlyLine(...again);
    expect(second).not.toBe(first);
    expect(await refused("org", "create", name, ...on())).toContain(
      `${first}, ${second}`,
    );
    const list = (await read("org", "list", ...on())) as { name: string }[];
    expect(list.filter((org) => org.name === name)).toHaveLength(2);
  });

  test("org remove removes one by its id, and neither another nor the first one", async () => {
    const id = await newOrg();
    const removed = await succeed("org", "remove", id, ...on());
    expect(removed).toMatchObject({ stdout: "", stderr: `Removed ${id}.\n` });
    const list = (await read("org", "list", ...on())) as { id: string }[];
    expect(list.map((org) => org.id)).not.toContain(id);
    const [first] = list;
    expect(await refused("org", "remove", id, ...on())).toContain(
      "LOCKOUTD-org02",
    );
    expect(await refused("org", "remove", first?.id ?? "", ...on())).toContain(
      "LOCKOUTD-org05",
    );
    expect(await refused("user", "list", "--org", id, ...on())).toContain(
      "AUTH-Bs7Ds",
    );
  });

  test("org create for scripts", async () => {
    const org = await read(
      ...["org", "create", "日本 😀", "--allow-duplicate", ...on()],
    );
    expect(org).toMatchObject({ name: "日本 😀" });
  });

  test("token create prints a token that works until it is revoked", async () => {
    const org = await newOrg();
    const secret = await onlyLine(
      ...["token", "create", "--role", "ORG_OWNER", "--org", org],
      ...on(),
    );
    const call = ["--server", served.server.url, "--token", secret];
    await succeed("policy", "get", "--org", org, ...call);
    expect(await refused("policy", "get", ...call)).toContain("AUTH-5mWD2");

    const tokens = await read("token", "list", ...on());
    const found = (tokens as { id: string; orgId: string }[]).find(
      ({ orgId }) => orgId === org,
    );
    expect(found).toEqual({
      id: expect.stringMatching(/^\d{18}$/) as string,
      name: "",
      ...{ orgId: org, orgName: expect.any(String) as string },
      roles: ["ORG_OWNER"],
      creationDate: expect.any(String) as string,
      expirationDate: null,
      lastUseDate: expect.stringMatching(/:00:00.000Z$/) as string,
      ...{ oldSecretExpirationDate: null, revokeDate: null },
    });
    expect(JSON.stringify(tokens)).not.toContain(secret);

    await succeed("token", "revoke", found?.id ?? "", ...on());
    const after = await refused("policy", "get", "--org", org, ...call);
    expect(after).toContain("AUTH-7fs1e");
    const left = await read("token", "list", ...on());
    expect(JSON.stringify(left)).not.toContain(found?.id);
    const { stdout } = await succeed("token", "list", "--revoked", ...on());
    expect(stdout).toMatch(
      new RegExp(`^${found?.id} .* revoked 20\\S+Z$`, "m"),
    );
  });

  test("token rotate prints a new secret; the old one is good for a while", async () => {
    const org = await newOrg();
    const created = (await read(
      ...["token", "create", "-r", "ORG_OWNER", "--org", org],
      ...["--name", "rotated", ...on()],
    )) as { id: string; secret: string };
    const works = async (secret: string) =>
      (
        await run(
          ...["policy", "get", "--org", org],
          ...["--server", served.server.url, "--token", secret],
        )
      ).code === 0;
    const { stdout, stderr } = await run(
      "token",
      "rotate",
      created.id,
      ...on(),
    );
    const secret = stdout.trim();
    expect(secret).toMatch(/^\S{43}$/);
    expect(stderr).toMatch(/The one before is good until 20\S+Z\./);
    expect([await works(created.secret), await works(secret)]).toEqual([
      true,
      true,
    ]);
    const again = (await read(
      ...["token", "rotate", created.id, "--overlap", "0s", ...on()],
    )) as { id: string; name: string; secret: string };
    expect(again).toMatchObject({ id: created.id, name: "rotated" });
    expect([await works(secret), await works(again.secret)]).toEqual([
      false,
      true,
    ]);
    expect(await refused("token", "rotate", "1", ...on())).toContain(
      "LOCKOUTD-tok05",
    );
    expect(
      await refused(
        ...["token", "rotate", created.id, "--overlap", "366d", ...on()],
      ),
    ).toContain("LOCKOUTD-tok06");
  });

  test("token create with everything", async () => {
    const org = await newOrg();
    const token = await read(
      ...["token", "create", "--role", "ORG_OWNER", "ORG_OWNER_VIEWER"],
      ...["--role", "ORG_OWNER", "--org", org, "--name", "all of it"],
      ...["--expires", "2999-12-31T23:59:59Z"],
      ...on(),
    );
    expect(token).toMatchObject({
      name: "all of it",
      orgId: org,
      roles: ["ORG_OWNER", "ORG_OWNER_VIEWER"],
      expirationDate: "2999-12-31T23:59:59.000Z",
      secret: expect.stringMatching(/^\S{43}$/) as string,
    });
    const { stdout } = await succeed("token", "list", ...on());
    expect(stdout).toMatch(/ all of it .* 2999-12-31T23:59:59.000Z$/m);
  });

  test("a token without --org belongs to the first organisation", async () => {
    const token = await read("token", "create", "-r", "IAM_OWNER", ...on());
    expect(token).toMatchObject({ orgId: served.server.firstOrgId });
  });

  test("the default policy: a number left out keeps its value", async () => {
    const set = (...numbers: string[]) =>
      read("policy", "set", ...numbers, ...on());
    await succeed("policy", "set", "-p", "50", "-c", "40", ...on());
    expect(await set("-p", "5")).toMatchObject({
      maxPasswordAttempts: 5,
      maxOtpAttempts: 40,
      isDefault: true,
      resourceOwner: served.server.instanceId,
    });
    expect(await set("--max-otp-attempts", "4294967295")).toMatchObject({
      maxPasswordAttempts: 5,
      maxOtpAttempts: 4_294_967_295,
    });
    const { stdout } = await succeed("policy", "get", ...on());
    expect(stdout).toContain("- 5 wrong passwords lock a user.\n");
    expect(stdout).toContain(`of the instance ${served.server.instanceId}`);
    const same = ["policy", "set", "-p", "5", ...on()];
    const unchanged = {
      code: 0,
      stdout: (await run("policy", "get", ...on())).stdout,
      stderr: "nothing to change: the policy is so already\n",
    };
    expect(await run(...same)).toEqual(unchanged);
    expect(await run(...same, "--exit-code")).toEqual({
      ...unchanged,
      code: 3,
    });
    await succeed("policy", "set", "-p", "0", "-c", "0", ...on());
  });

  test("an organisation's policy is added, changed and removed", async () => {
    const org = await newOrg();
    const policy = (name: string, ...flags: string[]) =>
      read("policy", name, "--org", org, ...flags, ...on());
    await succeed("policy", "set", "-p", "70", ...on());

    expect(await policy("get")).toMatchObject({ isDefault: true });
    expect(await policy("set", "-c", "3")).toMatchObject({
      maxPasswordAttempts: 70,
      maxOtpAttempts: 3,
      isDefault: false,
      resourceOwner: org,
      sequence: 2,
    });
    expect(await policy("set", "-p", "7")).toMatchObject({
      maxPasswordAttempts: 7,
      maxOtpAttempts: 3,
      sequence: 3,
    });
    const { stdout } = await succeed("policy", "get", "--org", org, ...on());
    expect(stdout).toContain(`of the organisation ${org}`);
    expect(await policy("reset")).toMatchObject({
      maxPasswordAttempts: 70,
      isDefault: true,
      resourceOwner: served.server.instanceId,
    });
    await succeed("policy", "set", "-p", "0", ...on());

    const events = await read("events", "--org", org, "--asc", ...on());
    expect(events).toMatchObject([
      { type: "org.added", sequence: 1 },
      {
        type: "org.policy.lockout.added",
        payload: { maxPasswordAttempts: 70, maxOTPAttempts: 3 },
      },
      {
        type: "org.policy.lockout.changed",
        payload: { maxPasswordAttempts: 7 },
      },
      { type: "org.policy.lockout.removed", sequence: 4, payload: null },
    ]);
  });

  test("events can be filtered", async () => {
    const org = await newOrg();
    for (const number of ["1", "2", "3"]) {
      await succeed("policy", "set", "-p", number, "--org", org, ...on());
    }
    const list = async (...flags: string[]) => {
      const events = await read(
        "events",
        "--aggregate",
        org,
        ...flags,
        ...on(),
      );
      return (events as { sequence: number }[]).map(({ sequence }) => sequence);
    };
    expect(await list()).toEqual([4, 3, 2, 1]);
    expect(await list("--asc")).toEqual([1, 2, 3, 4]);
    expect(await list("--limit", "1")).toEqual([4]);
    expect(await list("--type", "org.added")).toEqual([1]);
    expect(await list("--aggregate-type", "user", "instance")).toEqual([]);
    expect(await list("--aggregate-type", "org")).toEqual([4, 3, 2, 1]);
    expect(await list("--editor", "nobody")).toEqual([]);
    expect(await list("--since", "1h")).toEqual([4, 3, 2, 1]);
    expect(await list("--until", "1h")).toEqual([]);
    expect(await list("--since", "2d", "--until", "1d")).toEqual([]);

    const { stdout } = await succeed("events", "-n", "1", ...on());
    expect(stdout).toContain('{"maxPasswordAttempts":3}');
  });
});

test("both say the same of the same", async () => {
  for (const command of ["org list", "token list", "policy get", "events"]) {
    const args = command.split(" ");
    const there = await read(...args, ...onServer());
    expect(await read(...args, ...onDatabase()), command).toEqual(there);
    const { stdout } = await succeed(...args, ...onServer());
    expect((await succeed(...args, ...onDatabase())).stdout).toBe(stdout);
  }
});

test("both refuse the same in the same words", async () => {
  const org = await onlyLine("org", "create", "x", ...onDatabase());
  const unknown = "100000000000000001";
  const refusals = [
    [`policy reset --org ${org}`, "ORG-D4zuz"],
    [`policy reset --org ${unknown}`, "AUTH-Bs7Ds"],
    [`policy get --org ${unknown}`, "AUTH-Bs7Ds"],
    [`policy set -p 1 --org ${unknown}`, "AUTH-Bs7Ds"],
    [`token create --role ORG_OWNER --org ${unknown}`, "LOCKOUTD-tok04"],
    ["policy get --org 1", 'no organisation has the id or name "1"'],
    ["token revoke 1", 'LOCKOUTD-tok05): "lockoutd token list" shows'],
    ["hook delete 1", 'LOCKOUTD-hok01): "lockoutd hook list" shows'],
  ] as const;
  for (const [command, id] of refusals) {
    const args = command.split(" ");
    const said = await refused(...args, ...onServer());
    expect(said).toContain(id);
    expect(await refused(...args, ...onDatabase())).toBe(said);
  }
});

test("events name who did it: SYSTEM at the database, the token on a server", async () => {
  const editors = async (on: readonly string[]) => {
    const org = await onlyLine("org", "create", randomUUID(), ...on);
    await succeed("policy", "set", "-p", "9", "--org", org, ...on);
    const token = await read(
      "token",
      "create",
      "-r",
      "ORG_OWNER",
      "--org",
      org,
      ...on,
    );
    await succeed("token", "revoke", (token as { id: string }).id, ...on);
    const subject = ["--user-id", "u", "--factor", "password", "--org", org];
    await succeed("attempts", "begin", ...subject, ...on);
    const events = await read("events", "--org", org, ...on);
    return (events as { editor: string }[]).map(({ editor }) => editor);
  };
  expect(await editors(onDatabase())).toEqual(Array(5).fill("SYSTEM"));
  const [tokenId, ...others] = await editors(onServer());
  expect(tokenId).toMatch(/^\d{18}$/);
  expect(others).toEqual(Array(4).fill(tokenId));
});

test("a server refuses a token that it does not know", async () => {
  const said = await refused(
    ...["org", "list", "--server", served.server.url, "--token", "unknown"],
  );
  expect(said).toMatch(/AUTH-7fs1e.*expired/);
});

describe("a server that is no lockoutd", () => {
  const ask = (url: string) =>
    refused("org", "list", "-s", url, "--token", "x");
  const cannotBeReached =
    /(?:cannot be reached|does not speak HTTP\/2).*check the address/;

  test("by the wrong scheme", async () => {
    const { url } = served.server;
    const said = await ask(url.replace("http", "https"));
    expect(said).toContain(`has no TLS: write ${url}`);
  });

  test.each<readonly [string, () => Server | Http2Server]>([
    ["speaks HTTP/1.1 only", () => createHttpServer()],
    [
      "speaks HTTP/2, but not gRPC",
      () =>
        createHttp2Server((_request, response) => {
          response.writeHead(502).end();
        }),
    ],
    [
      "hangs up",
      () =>
        createServer((socket) => {
          socket.on("data", () => socket.end());
        }),
    ],
  ])("that %s", async (_what, create) => {
    const other = create().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    expect(await ask(url)).toMatch(cannotBeReached);
    const file = served.directory.file("users.ndjson");
    const lines = Array.from({ length: 100 }, (_, id) => `{"id":"${id}"}\n`);
    await writeFile(file, lines.join(""));
    expect(
      await refused("user", "import", file, "-s", url, "--token", "x"),
    ).toMatch(cannotBeReached);
    other.close();
  });
});

describe("which of them", () => {
  afterEach(() => {
    vi.stubEnv("LOCKOUTD_DATABASE", undefined);
    vi.stubEnv("LOCKOUTD_SERVER", undefined);
    vi.stubEnv("LOCKOUTD_TOKEN", undefined);
  });

  test("a variable for the database", async () => {
    vi.stubEnv("LOCKOUTD_DATABASE", served.database);
    await succeed("org", "list");
  });

  test("variables for the server, which count before the database's", async () => {
    vi.stubEnv("LOCKOUTD_DATABASE", "sqlite:/nowhere/none.db");
    vi.stubEnv("LOCKOUTD_SERVER", served.server.url);
    vi.stubEnv("LOCKOUTD_TOKEN", served.server.adminToken);
    await succeed("org", "list");
  });

  test("a flag for the database counts before the server's variable", async () => {
    vi.stubEnv("LOCKOUTD_SERVER", "http://127.0.0.1:1");
    vi.stubEnv("LOCKOUTD_TOKEN", "x");
    await succeed("org", "list", ...onDatabase());
  });

  test("flags for the server count before all variables", async () => {
    vi.stubEnv("LOCKOUTD_SERVER", "http://127.0.0.1:1");
    vi.stubEnv("LOCKOUTD_TOKEN", "x");
    vi.stubEnv("LOCKOUTD_DATABASE", "sqlite:/nowhere/none.db");
    await succeed("org", "list", ...onServer());
  });
});
