import { writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { run } from "./command.ts";
import { serveDatabase } from "./served-database.ts";

const served = serveDatabase({
  defaultPolicy: { maxPasswordAttempts: 2, maxOtpAttempts: 2 },
});
const { onDatabase, onServer } = served;

// The same commands on the database, while it is served, and on the server.
describe.each([
  ["the database", onDatabase],
  ["a server", onServer],
] as const)("on %s", (where, connection) => {
  const command = (...args: readonly string[]) => run(...args, ...connection());
  const json = async (...args: readonly string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await command(...args, "--output", "json");
    expect({ code, stderr }, args.join(" ")).toEqual({ code: 0, stderr: "" });
    return JSON.parse(stdout);
  };
  const userId = `user-on-${where.replaceAll(" ", "-")}`;

  it("attempts are begun and completed until the user locks; unlock opens again", async () => {
    for (const failed of [1, 2]) {
      const begun = (await json("attempts", "begin", "--user-id", userId)) as {
        attemptId: string;
      };
      expect(begun).toMatchObject({ decision: "DECISION_PROCEED", limit: 2 });
      const done = await json(
        ...["attempts", "complete", begun.attemptId],
        ...["--outcome", "failed"],
      );
      expect(done).toEqual({
        failedAttempts: failed,
        limit: 2,
        ...(failed === 2 && { locked: true }),
      });
    }
    expect(await json("attempts", "begin", "--user-id", userId)).toMatchObject({
      decision: "DECISION_LOCKED",
    });
    expect(await json("user", "show", userId)).toMatchObject({
      user: { userId, state: "USER_STATE_LOCKED" },
      lockout: { locked: true, reason: "LOCK_REASON_PASSWORD_ATTEMPTS" },
    });
    expect(await json("user", "list", "--locked")).toEqual([
      expect.objectContaining({ userId }),
    ]);
    expect(await json("user", "unlock", userId)).toMatchObject({
      user: { state: "USER_STATE_ACTIVE" },
    });
    expect(await json("user", "list", "--locked")).toEqual([]);
    const again = await command("user", "unlock", userId);
    expect(again).toMatchObject({
      code: 0,
      stderr: `nothing to change: user ${userId} is not locked\n`,
    });
    expect((await command("user", "unlock", userId, "--exit-code")).code).toBe(
      3,
    );
    expect(await json("user", "lock", userId)).toMatchObject({
      lockout: { reason: "LOCK_REASON_ADMINISTRATOR" },
    });
    await json("user", "unlock", userId);
  });

  it("an import makes no two names one: what is not UTF-8 is refused", async () => {
    const file = served.directory.file(`${userId}.latin1`);
    const lines = [
      `{"id":"m\xfcller-${userId}"}`,
      `{"id":"m\xf6ller-${userId}"}`,
      `{"id":"half-${userId}","aliases":["\\ud83d"]}`,
    ];
    await writeFile(file, lines.join("\n"), "latin1");
    const imported = await command("user", "import", file);
    expect(imported.code).toBe(1);
    expect(imported.stdout).toBe("0 new, 0 changed, 0 unchanged, 3 wrong\n");
    expect(imported.stderr).toMatch(/line 1: .*UTF-8/);
  });

  it("an import keeps good lines, and names and counts bad ones", async () => {
    const file = served.directory.file(`${userId}.ndjson`);
    const org = await command("org", "create", `imported ${userId}`);
    const orgId = org.stdout.trim();
    const id = (name: string) => `${name}-${userId}`;
    await writeFile(
      file,
      [
        `\ufeff${JSON.stringify({
          id: id("alice"),
          organisation: orgId,
          aliases: ["Alice@Example.com", "alice"],
        })}`,
        '{"id":',
        JSON.stringify({ id: id("bob"), organisation: orgId, state: "locked" }),
        JSON.stringify({
          id: id("cat"),
          organisation: orgId,
          state: "USER_STATE_INITIAL",
        }),
        "",
        JSON.stringify({
          id: id("eve"),
          organisation: orgId,
          aliases: ["ALICE@example.com "],
        }),
        JSON.stringify({ id: id("dan"), organisation: orgId, state: "gone" }),
        JSON.stringify({ id: id("kim"), organization: orgId }),
      ].join("\n"),
    );
    const imported = await command("user", "import", file);
    expect(imported.code).toBe(1);
    expect(imported.stdout).toBe("3 new, 0 changed, 0 unchanged, 4 wrong\n");
    expect(imported.stderr.split("\n")).toEqual([
      expect.stringMatching(/^line 2: .*JSON/),
      expect.stringMatching(/^line 6: .*alias/),
      expect.stringMatching(/^line 7: .*active/),
      expect.stringMatching(/^line 8: .*organization/),
      expect.stringMatching(/^lockoutd: 4 of 7 users /),
      "",
    ]);
    expect(await json("user", "list", "--org", orgId)).toEqual([
      {
        userId: id("alice"),
        aliases: ["Alice@Example.com", "alice"],
        state: "USER_STATE_ACTIVE",
        resourceOwner: orgId,
      },
      {
        userId: id("bob"),
        state: "USER_STATE_LOCKED",
        resourceOwner: orgId,
      },
      {
        userId: id("cat"),
        state: "USER_STATE_INITIAL",
        resourceOwner: orgId,
      },
    ]);
  });

  describe("an import", () => {
    const file = () => served.directory.file(`${userId}.users`);
    const user = async (id: string) =>
      ((await json("user", "show", id)) as { user: object }).user;
    async function importText(text: string, ...args: readonly string[]) {
      await writeFile(file(), text);
      return command("user", "import", file(), ...args);
    }

    it("leaves what a line does not name as it is, and removes what it empties", async () => {
      const id = `kept-${userId}`;
      const lines = (...users: readonly object[]) =>
        importText(users.map((line) => JSON.stringify(line)).join("\n"));
      const aliases = [`a-${id}`, `b-${id}`];
      expect((await lines({ id, aliases, state: "initial" })).stdout).toBe(
        "1 new, 0 changed, 0 unchanged\n",
      );
      const whole = await user(id);
      expect(whole).toMatchObject({ aliases, state: "USER_STATE_INITIAL" });
      for (const same of [{ id }, { id, aliases: [...aliases].reverse() }]) {
        expect((await lines(same)).stdout).toBe(
          "0 new, 0 changed, 1 unchanged\n",
        );
        expect(await user(id)).toEqual(whole);
      }
      expect((await lines({ id, state: "active" })).stdout).toBe(
        "0 new, 1 changed, 0 unchanged\n",
      );
      expect(await user(id)).toMatchObject({ aliases });
      expect((await lines({ id, aliases: null })).stdout).toBe(
        "0 new, 1 changed, 0 unchanged\n",
      );
      expect(await user(id)).toEqual({
        ...whole,
        aliases: undefined,
        state: "USER_STATE_ACTIVE",
      });
    });

    it("follows the order of its lines, where a name moves and where a user comes twice", async () => {
      const [a, b] = [`a-${userId}-move`, `b-${userId}-move`];
      const name = `name-${userId}`;
      const { code, stdout } = await importText(
        [
          { id: a, aliases: [name] },
          { id: a, aliases: [] },
          { id: b, aliases: [name] },
          { id: b, state: "initial" },
        ]
          .map((line) => JSON.stringify(line))
          .join("\n"),
      );
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: "2 new, 2 changed, 0 unchanged\n",
      });
      expect(await user(b)).toMatchObject({
        aliases: [name],
        state: "USER_STATE_INITIAL",
      });
    });

    it("reads CSV", async () => {
      const id = `csv-${userId}`;
      const csv = await importText(
        [
          "ALIASES;id;State",
          `"""x;y ${id}"";${id}@example.com";${id};initial`,
          `;${id}-2;`,
          `;${id}-3`,
          `a;${id}-4;gone`,
        ].join("\r\n"),
        ...["--from", "csv", "--delimiter", ";"],
      );
      expect(csv.stdout).toBe("2 new, 0 changed, 0 unchanged, 2 wrong\n");
      expect(csv.stderr).toMatch(
        /^line 4: .*3 columns, and this record has 2\nline 5: .*active/,
      );
      expect(await user(id)).toMatchObject({
        aliases: [`x;y ${id}`, `${id}@example.com`],
        state: "USER_STATE_INITIAL",
      });
      const kept = await importText(
        `id,aliases\n${id},\n`,
        ...["--from", "csv"],
      );
      expect(kept.stdout).toBe("0 new, 0 changed, 1 unchanged\n");
      await importText(`id,aliases\n${id},""\n`, "--from", "csv");
      expect(await user(id)).not.toHaveProperty("aliases");
    });

    it("takes the examples of its help, into an organisation by its name", async () => {
      const name = `examples ${userId}`;
      await command("org", "create", name);
      const { stdout: help } = await command("user", "import", "--help");
      const [, ndjson = ""] = /^ +(\{.*\})$/m.exec(help) ?? [];
      const [, header = "", record = ""] =
        /^ +(id,.*)\n +(.*)$/m.exec(help) ?? [];
      const csv = ["--from", "csv", "--org", name];
      expect((await importText(`${header}\n${record}\n`, ...csv)).stdout).toBe(
        "1 new, 0 changed, 0 unchanged\n",
      );
      expect((await importText(ndjson, "--org", name)).stdout).toBe(
        "0 new, 0 changed, 1 unchanged\n",
      );
    });

    it("says how CSV is read, where a line is not JSON", async () => {
      const csv = await importText(`id,aliases\n{"id":\n`);
      expect(csv.stderr).toMatch(
        /^line 1: the line is not JSON \(for CSV: --from csv\)\nline 2: the line is not JSON\n/,
      );
    });

    it("takes a file whose name ends in .csv for CSV, and says where its fields or encoding are others", async () => {
      const importFile = async (content: string | Buffer) => {
        const file = served.directory.file("Users.CSV");
        await writeFile(file, content);
        return await command("user", "import", file);
      };
      expect((await importFile(`id\r\nnamed-${userId}\r\n`)).stdout).toBe(
        "1 new, 0 changed, 0 unchanged\n",
      );
      const semicolons = await importFile("\ufeffid;aliases;state\r\n1;;\r\n");
      expect(semicolons.stderr).toMatch(/add --delimiter ';'\n$/);
      const tabs = await importFile("id\taliases\n1\t\n");
      expect(tabs.stderr).toMatch(/add --delimiter '\\t'\n$/);
      const utf16 = await importFile(
        Buffer.from("\ufeffid\r\n1\r\n", "utf16le"),
      );
      expect(utf16.stderr).toMatch(/not UTF-8: save it as CSV in UTF-8\n$/);
    });

    it("says what is wrong with a header, and with a line without an end", async () => {
      const header = await importText("name,id\na,b\n", "--from", "csv");
      expect(header.code).toBe(1);
      expect(header.stderr).toMatch(/^lockoutd: line 1 .*"name" is unknown/);
      const long = await importText(
        `{"id":"${"x".repeat(1024 * 1024)}"}\n{"id":"after-${userId}"}\n`,
      );
      expect(long.stdout).toBe("1 new, 0 changed, 0 unchanged, 1 wrong\n");
      expect(long.stderr).toMatch(/^line 1: more than 1 MiB are no user/);
    });

    it("reads what an export writes", async () => {
      const org = (
        await command("org", "create", `exported ${userId}`)
      ).stdout.trim();
      const users = [
        { id: "alice", aliases: ['"a";,\n\u202e', "Ä lice"], state: "active" },
        { id: "bob", aliases: [], state: "inactive" },
        { id: "cat", aliases: [], state: "locked" },
      ].map((line) =>
        JSON.stringify({
          ...line,
          id: `${line.id}-${userId}`,
          organisation: org,
        }),
      );
      expect((await importText(users.join("\n"))).code).toBe(0);
      const exported = await command("user", "export", "--org", org);
      expect(exported.stdout).not.toContain("\u202e");
      expect((await importText(exported.stdout)).stdout).toBe(
        "0 new, 0 changed, 3 unchanged\n",
      );
      const read = (text: string) =>
        text
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as object);
      expect(read(exported.stdout)).toEqual(read(users.join("\n")));
    });
  });

  it("wrong usage ends with 2, and says what to write", async () => {
    const nobody = await command("attempts", "begin");
    expect(nobody.code).toBe(2);
    expect(nobody.stderr).toContain("--user-id");
    const outcome = await command("attempts", "complete", "1");
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain("--outcome");
  });

  it("tables are for people", async () => {
    const list = await command("user", "list");
    expect(list.stdout).toMatch(/^ID +STATE +ALIASES\n/);
    const show = await command("user", "show", userId);
    expect(show.stdout).toContain("State:    active");
    expect(show.stdout).toMatch(/password +0 +0 +2/);
  });

  it("no name steers the terminal, nor passes for a line of the output", async () => {
    const id = `shown-${userId}`;
    const file = served.directory.file(`${id}.ndjson`);
    await writeFile(
      file,
      JSON.stringify({ id, aliases: [`a-${id}\nState: x\u009b\u202e`] }),
    );
    expect((await command("user", "import", file)).code).toBe(0);
    for (const name of ["show", "get"]) {
      const { stdout } = await command("user", name, id);
      expect(stdout).toContain(
        `\nAliases:  a-${id}\\u{a}State: x\\u{9b}\\u{202e}\n`,
      );
    }
    const shown = await command("user", "show", id, "--output", "json");
    expect(shown.stdout).toContain(String.raw`\nState: x\u009b\u202e`);
  });

  it("factors and outcomes are read however they are written, and shown as one", async () => {
    for (const factor of ["otp-sms", "otp_sms", "FACTOR_OTP_SMS"]) {
      const begun = (await json(
        ...["attempts", "begin", "--user-id", `spelled-${userId}`],
        ...["--factor", factor],
      )) as { attemptId: string };
      await json(
        ...["attempts", "complete", begun.attemptId],
        ...["--outcome", "not-a-guess"],
      );
    }
    const { stdout } = await command("user", "show", `spelled-${userId}`);
    expect(stdout).toMatch(/^otp_sms +0 +0 +2/m);
  });

  it("what cannot be read is said in one line", async () => {
    const folder = await command("user", "import", ".");
    expect(folder).toMatchObject({
      code: 1,
      stderr: "lockoutd: . is a directory: name a file\n",
    });
    const missing = await command("user", "import", "/nowhere/users.ndjson");
    expect(missing.code).toBe(1);
    expect(missing.stderr).toBe(
      "lockoutd: there is no file /nowhere/users.ndjson: check the path\n",
    );
  });
});
