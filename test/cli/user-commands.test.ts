import { describe, expect, it } from "vitest";
import { run } from "./command.ts";
import { serveDatabase } from "./served-database.ts";
import { startProcess } from "./process.ts";

// The commands on users, at the database while it is served, and on the server.

const served = serveDatabase({
  defaultPolicy: { maxPasswordAttempts: 1, maxOtpAttempts: 1 },
});
const { onDatabase, onServer } = served;

let orgs = 0;

describe.each([
  ["the database", onDatabase],
  ["a server", onServer],
] as const)("on %s", (_where, connection) => {
  /** Commands on a new organisation, which is named. */
  async function newOrg() {
    orgs += 1;
    const org = `Org ${orgs}`;
    const created = await run("org", "create", org, ...connection());
    const command = (...args: readonly string[]) =>
      run(...args, "--org", org, ...connection());
    const ok = async (...args: readonly string[]) => {
      const outcome = await command(...args);
      expect(outcome.code, `${args.join(" ")}: ${outcome.stderr}`).toBe(0);
      return outcome;
    };
    return {
      org,
      orgId: created.stdout.trim(),
      command,
      ok,
      json: async (...args: readonly string[]) =>
        JSON.parse((await ok(...args, "--output", "json")).stdout) as unknown,
      fail: async (
        subject: { readonly userId: string } | { readonly loginName: string },
        address = "",
      ) => {
        const response = await fetch(
          `${served.server.url}/lockout/v1/attempts:report`,
          {
            method: "POST",
            headers: {
              authorization: `Bearer ${served.server.adminToken}`,
              "x-zitadel-orgid": created.stdout.trim(),
            },
            body: JSON.stringify({
              ...subject,
              factor: "FACTOR_PASSWORD",
              outcome: "OUTCOME_FAILED",
              client: { address },
            }),
          },
        );
        expect(response.status).toBe(200);
      },
    };
  }

  it("an organisation is named by its id or its name, which one alone has", async () => {
    const { org, orgId, command, json } = await newOrg();
    await json("user", "add", "ann");
    const byId = await run(
      ...["user", "list", "--org", orgId, "--output", "json"],
      ...connection(),
    );
    expect(JSON.parse(byId.stdout)).toEqual(await json("user", "list"));
    for (const args of [
      ["policy", "get"],
      ["events", "--limit", "1"],
      ["attempts", "begin", "--user-id", "bob"],
      ["user", "export"],
    ]) {
      expect((await command(...args)).code, args.join(" ")).toBe(0);
    }
    const token = await command(
      ...["token", "create", "--role", "ORG_OWNER", "--output", "json"],
    );
    expect(JSON.parse(token.stdout)).toMatchObject({ orgId, orgName: org });

    const twin = await run(
      ...["org", "create", org, "--allow-duplicate", ...connection()],
    );
    const refused = await command("user", "list");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`2 organisations have the name "${org}"`);
    expect(refused.stderr).toContain(orgId);
    expect(refused.stderr).toContain(twin.stdout.trim());
    const unknown = await run(
      ...["user", "list", "--org", "no such", ...connection()],
    );
    expect(unknown.stderr).toContain(
      'no organisation has the id or name "no such"',
    );
  });

  it("users are added, shown by id and name, and deleted", async () => {
    const { ok, json, command } = await newOrg();
    expect(
      await json("user", "add", "1", "--alias", "Ann", "ann@x"),
    ).toMatchObject({ user: { userId: "1", aliases: ["Ann", "ann@x"] } });
    expect(
      (await ok("user", "add", "2", "--state", "inactive")).stdout,
    ).toMatch(/^State: +inactive$/m);
    const again = await command("user", "add", "1");
    expect(again).toMatchObject({ code: 1, stdout: "" });
    expect(again.stderr).toContain("registered already");

    const shown = await json("user", "show", "1");
    expect(await json("user", "show", "ANN")).toEqual(shown);
    expect(await json("user", "show", "--user-id", "1")).toEqual(shown);
    expect(await json("user", "show", "--login-name", "ann@X")).toEqual(shown);
    expect(await json("user", "show", "1", "ann", "2")).toMatchObject([
      { user: { userId: "1" } },
      { user: { userId: "2" } },
    ]);
    const nobody = await command("user", "show", "nobody");
    expect(nobody.code).toBe(1);
    expect(nobody.stderr).toContain(
      'no user has the id or login name "nobody"',
    );
    const noId = await command("user", "show", "--user-id", "nobody");
    expect(noId).toMatchObject({
      code: 1,
      stderr: 'lockoutd: no user has the id "nobody"\n',
    });

    expect((await ok("user", "delete", "ann@x", "2")).stderr).toBe(
      "Deleted the user 1.\nDeleted the user 2.\n",
    );
    expect(await json("user", "list")).toEqual([]);
  });

  it("a text that is one user's id and another's login name is refused, and both are named", async () => {
    const { json, command } = await newOrg();
    await json("user", "add", "ann");
    await json("user", "add", "2", "--alias", "ann");
    await json("user", "add", "3", "--alias", "3");
    for (const name of ["show", "lock", "unlock", "delete"]) {
      const { code, stderr } = await command("user", name, "3", "ann");
      expect(code).toBe(1);
      expect(stderr).toContain(
        '"ann" is the id of a user and a login name of the user 2: say which by --user-id "ann" or --login-name "ann"',
      );
    }
    expect(await json("user", "show", "--user-id", "ann")).toMatchObject({
      user: { userId: "ann" },
    });
    expect(await json("user", "show", "--login-name", "ann")).toMatchObject({
      user: { userId: "2" },
    });
    expect(await json("user", "show", "3")).toMatchObject({
      user: { userId: "3" },
    });
    expect(await json("user", "list", "--locked")).toEqual([]);
  });

  it("a login name that no user has is shown and unlocked, and cannot be locked", async () => {
    const { ok, json, command, fail } = await newOrg();
    await fail({ loginName: "Typed@X" });
    expect(await json("user", "show", "typed@x")).toMatchObject({
      loginName: "typed@x",
      lockout: { locked: true, reason: "LOCK_REASON_PASSWORD_ATTEMPTS" },
    });
    expect((await ok("user", "list", "--locked")).stderr).toBe(
      "1 login names that no user has are locked too: lockoutd user show --login-name NAME\n",
    );
    const locked = await command("user", "lock", "typed@x");
    expect(locked.code).toBe(1);
    expect(locked.stderr).toContain("only users can be locked");
    const dry = await ok("user", "unlock", "typed@x", "--dry-run");
    expect(dry.stdout).toMatch(/^Locked: /m);
    const unlocked = await ok("user", "unlock", "typed@x", "--note", "called");
    expect(unlocked.stdout).toMatch(/^Name: +typed@x, which no user has$/m);
    expect(unlocked.stdout).not.toMatch(/^Locked: /m);
    expect(
      await command("user", "unlock", "--login-name", "typed@x", "--exit-code"),
    ).toMatchObject({
      code: 3,
      stderr: "nothing to change: login name typed@x is not locked\n",
    });
    expect(
      await json("events", "--type", "org.lockout.name.unlocked"),
    ).toMatchObject([{ payload: { note: "called" } }]);
  });

  it("several are locked and unlocked at once, and who was so before is no failure", async () => {
    const { ok, json, command } = await newOrg();
    for (const id of ["a", "b", "c"]) {
      await json("user", "add", id);
    }
    await ok("user", "lock", "b");
    const locked = await ok("user", "lock", "a", "b", "c", "a");
    expect(locked).toMatchObject({
      stdout: "user a: locked\nuser c: locked\n",
      stderr: "2 locked, 1 unchanged\n",
    });
    expect(
      await command("user", "lock", "a", "b", "--exit-code"),
    ).toMatchObject({
      code: 3,
      stderr: "nothing to change: all of them are locked already\n",
    });
    const dry = await ok("user", "unlock", "a", "b", "--dry-run");
    expect(dry.stdout).toBe("user a: to be unlocked\nuser b: to be unlocked\n");
    expect(
      await json("user", "unlock", "a", "b", "--note", "n", "--ticket", "t"),
    ).toMatchObject({
      changed: [{ userId: "a" }, { userId: "b" }],
      unchanged: [],
      lockouts: [
        { userId: "a", locked: true },
        { userId: "b", locked: true },
      ],
    });
    expect(await json("events", "--type", "user.unlocked")).toMatchObject([
      { payload: { note: "n", ticket: "t" } },
      { payload: { note: "n", ticket: "t" } },
    ]);
    expect((await ok("user", "unlock", "a", "c")).stderr).toBe(
      "1 unlocked, 1 unchanged\n",
    );
    await ok("user", "add", "d", "--state", "inactive");
    const inactive = await command("user", "lock", "d");
    expect(inactive.code).toBe(1);
    expect(inactive.stderr).toContain("COMMAND-3NN8v");
  });

  it("ids and names come from standard input, one in each line, also after a byte order mark", async () => {
    const { org, json } = await newOrg();
    await json("user", "add", "a", "--state", "locked");
    await json("user", "add", "b", "--alias", "Bea B", "--state", "locked");
    const unlock = startProcess(
      ["user", "unlock", "-", "--org", org, ...connection()],
      { cwd: served.directory.path },
    );
    unlock.child.stdin.end("\ufeffa\r\n\nbea b\n");
    expect(await unlock.ended, unlock.stderr()).toBe(0);
    expect(unlock.stdout()).toBe("user a: unlocked\nuser b: unlocked\n");
    expect(unlock.stderr()).toBe("2 unlocked, 0 unchanged\n");
  });

  it("a lock that is newer than the one that is meant is left, of a user and of a name", async () => {
    const { json, command } = await newOrg();
    const timeOf = async (...who: readonly string[]) => {
      const shown = (await json("user", "show", ...who)) as {
        lockout: { lockTime: string };
      };
      return Date.parse(shown.lockout.lockTime);
    };
    await json("user", "add", "a");
    await json("user", "lock", "a");
    const attempt = (await json(
      ...["attempts", "begin", "--login-name", "nobody@y"],
    )) as { attemptId: string };
    await json(
      ...["attempts", "complete", attempt.attemptId, "--outcome", "failed"],
    );
    for (const who of [["a"], ["--login-name", "nobody@y"]]) {
      const time = await timeOf(...who);
      const at = (ms: number) => ["--if-locked-at", new Date(ms).toISOString()];
      for (const dryRun of [["--dry-run"], []]) {
        const left = await command(
          ...["user", "unlock", ...who, ...at(time - 1), ...dryRun],
        );
        expect(left.code).toBe(1);
        expect(left.stdout).toMatch(/^Locked:/m);
        expect(left.stderr).toMatch(
          /^lockoutd: .*: locked anew since, left locked\n$/,
        );
        expect(await timeOf(...who)).toBe(time);
      }
      await json("user", "unlock", ...who, ...at(time), "--note", "called");
      expect(await timeOf(...who)).toBeNaN();
      expect(
        await command("user", "unlock", ...who, ...at(time)),
      ).toMatchObject({
        code: 0,
        stderr: expect.stringContaining("not locked") as string,
      });
    }
  });

  it("of several, those whose lock is newer are named", async () => {
    const { json, command } = await newOrg();
    for (const id of ["a", "b", "c"]) {
      await json("user", "add", id, "--state", "locked");
    }
    await json("user", "unlock", "c");
    const { lockout } = (await json("user", "show", "a")) as {
      lockout: { lockTime: string };
    };
    // Two locks may be of one millisecond: the second one is made anew until it is of a later one.
    for (;;) {
      await json("user", "unlock", "b");
      await json("user", "lock", "b");
      const b = (await json("user", "show", "b")) as {
        lockout: { lockTime: string };
      };
      if (b.lockout.lockTime > lockout.lockTime) {
        break;
      }
    }
    const args = ["user", "unlock", "a", "b", "c"];
    const at = ["--if-locked-at", lockout.lockTime];
    const dry = await command(...args, ...at, "--dry-run", "--output", "json");
    expect(JSON.parse(dry.stdout)).toMatchObject({
      changed: [{ userId: "a" }],
      unchanged: [{ userId: "c" }],
      leftLocked: [{ userId: "b" }],
      lockouts: [{ userId: "a", lockTime: lockout.lockTime }],
    });
    expect(await command(...args, ...at)).toEqual({
      code: 1,
      stdout: "user a: unlocked\nuser b: locked anew since, left locked\n",
      stderr:
        "lockoutd: 1 unlocked, 1 unchanged, 1 locked anew since, left locked\n",
    });
  });

  it.each([
    ["leads to nobody", "nobody", "no user has the id or login name"],
    ["is too long", "x".repeat(801), "longer than an id or a login name"],
    ["is in another encoding", Buffer.from("M\xfcller", "latin1"), "not in"],
  ])("a line of standard input that %s is named", async (_what, line, said) => {
    const { org, json } = await newOrg();
    await json("user", "add", "a", "--state", "locked");
    const unlock = startProcess(
      ["user", "unlock", "-", "--org", org, ...connection()],
      { cwd: served.directory.path },
    );
    unlock.child.stdin.write("a\n\n");
    unlock.child.stdin.write(line);
    unlock.child.stdin.end("\nnobody either\n");
    expect(await unlock.ended).toBe(1);
    expect(unlock.stderr()).toContain(
      `lockoutd: line 3 of standard input: ${said}`,
    );
    expect(await json("user", "list", "--locked")).toHaveLength(1);
  });

  it("all lines that lead to nobody are named, and nobody is unlocked then", async () => {
    const { org, json } = await newOrg();
    await json("user", "add", "a", "--state", "locked");
    const unlock = startProcess(
      ["user", "unlock", "-", "--org", org, ...connection()],
      { cwd: served.directory.path },
    );
    unlock.child.stdin.end("nobody\na\nnobody either\n");
    expect(await unlock.ended).toBe(1);
    const said = unlock.stderr();
    expect(said).toMatch(/line 1 of standard input: .*"nobody"/);
    expect(said).toMatch(/line 3 of standard input: .*"nobody either"/);
    expect(said).toMatch(
      /; nothing was done, since all are looked for first\n$/,
    );
    expect(await json("user", "list", "--locked")).toHaveLength(1);
  });

  it("all who fit are unlocked, after it was shown who they are", async () => {
    const { ok, json, command, fail } = await newOrg();
    await json("user", "add", "emp-admin", "--state", "locked");
    await json("user", "add", "1", "--alias", "Emp-Ann");
    await fail({ userId: "1" }, "203.0.113.7");
    await fail({ userId: "emp-2" }, "203.0.113.8");
    await fail({ userId: "emp-3" }, "198.51.100.1");
    const attack = [
      ...["--locked-since", "2h", "--address", "203.0.113.0/24"],
      ...["--prefix", "emp-", "--reason", "password-attempts"],
    ];
    const dry = await ok("user", "unlock", ...attack, "--dry-run");
    expect(dry.stdout.split("\n").slice(1, -1)).toEqual([
      expect.stringMatching(/^1 .*password attempts/),
      expect.stringMatching(/^emp-2 .*password attempts/),
    ]);
    expect(dry.stderr).toBe("2 users would be unlocked\n");
    const done = await ok("user", "unlock", ...attack, "--note", "attack");
    expect(done.stdout).toBe(dry.stdout);
    expect(done.stderr).toBe("2 users fit: 1, emp-2\n2 users unlocked\n");
    expect(
      await command("user", "unlock", ...attack, "--exit-code"),
    ).toMatchObject({
      code: 3,
      stderr: "nothing to change: no locked user fits\n",
    });
    expect(await json("user", "unlock", "--prefix", "emp-")).toMatchObject([
      { userId: "emp-3" },
    ]);
    expect(
      await json("user", "unlock", "--reason", "administrator"),
    ).toMatchObject([{ userId: "emp-admin" }]);
  });

  it("a list is filtered, and ends at a limit", async () => {
    const { ok, json } = await newOrg();
    for (const id of ["a1", "a2", "b1"]) {
      await json("user", "add", id);
    }
    await ok("user", "lock", "a2", "b1");
    const ids = async (...args: readonly string[]) =>
      ((await json("user", "list", ...args)) as { userId: string }[]).map(
        ({ userId }) => userId,
      );
    expect(await ids("--filter", "A")).toEqual([]);
    expect(await ids("--filter", "a")).toEqual(["a1", "a2"]);
    expect(await ids("--filter", "a", "--locked")).toEqual(["a2"]);
    expect(await ids("--locked")).toEqual(["a2", "b1"]);
    expect(await ids("--limit", "3")).toEqual(["a1", "a2", "b1"]);
    const some = await ok("user", "list", "--limit", "2");
    expect(some.stdout).not.toContain("b1");
    expect(some.stderr).toBe("there are more: raise --limit 2\n");
    expect((await ok("user", "list", "--locked", "--limit", "1")).stderr).toBe(
      "there are more: raise --limit 1\n",
    );
  });
});
