import { describe, expect, test } from "vitest";
import { run } from "./command.ts";
import { createOrg, serveDatabase } from "./served-database.ts";

const { onDatabase, onServer } = serveDatabase({
  defaultPolicy: { maxPasswordAttempts: 10, maxOtpAttempts: 5 },
});

describe.each([
  { where: "the database", on: onDatabase },
  { where: "a server", on: onServer },
])("the history of a policy on $where", ({ on }) => {
  const policy = (...args: readonly string[]) =>
    run("policy", ...args, ...on());
  /** An organisation with three changes, and their names, newest first. */
  const changedOrg = async () => {
    const org = await createOrg(on());
    await policy("set", "--org", org, "-p", "3");
    await policy("set", "--org", org, "--lock-duration", "15m");
    await policy("set", "--org", org, "-p", "4", "-c", "2");
    const { stdout } = await policy("history", "--org", org, "-o", "json");
    const changes = JSON.parse(stdout) as readonly { position: string }[];
    return { org, positions: changes.map(({ position }) => position) };
  };

  test("lists what changed, when and by whom, newest first", async () => {
    const { org, positions } = await changedOrg();
    const { code, stdout, stderr } = await policy("history", "--org", org);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const by = String.raw`  \d{4}-\S+\.\d{6}Z  by .+`;
    expect(stdout).toMatch(
      new RegExp(
        [
          `^${positions[0]}${by}`,
          "  --max-password-attempts: 3 -> 4",
          "  --max-otp-attempts: 5 -> 2",
          `${positions[1]}${by}`,
          "  --lock-duration: none -> 15m",
          "  whose rules: default policy's -> organisation's",
          `${positions[2]}${by}`,
          "  --max-password-attempts: 10 -> 3",
          "  whose numbers: default policy's -> organisation's\n$",
        ].join("\n"),
      ),
    );
    const one = await policy("history", "--org", org, "-n", "1");
    expect(one.stdout.split("\n")[0]).toBe(stdout.split("\n")[0]);
    expect(one.stderr).toBe("there are more: raise --limit 1\n");
    const none = await policy("history", "--org", await createOrg(on()));
    expect(none).toMatchObject({
      code: 0,
      stdout: "",
      stderr: expect.stringMatching(/^there is no change/) as string,
    });
    const first = await policy("history");
    expect(first.stdout).toMatch(/--max-password-attempts: 0 -> 10\n/);
  });

  test("says what differs between two changes, since one, and from the default policy", async () => {
    const { org, positions } = await changedOrg();
    const [newest = "", middle = "", oldest = ""] = positions;
    const rows = async (...args: readonly string[]) => {
      const { stdout } = await policy(
        ...["diff", ...args, "--org", org, "-o", "json"],
      );
      return (JSON.parse(stdout) as { changes: object[] }).changes;
    };
    const numbers = [
      { option: "--max-password-attempts", was: "3", is: "4" },
      { option: "--max-otp-attempts", was: "5", is: "2" },
    ];
    expect(await rows(middle)).toEqual(numbers);
    expect(await rows(newest, oldest)).toMatchObject([
      { was: "4", is: "3" },
      { was: "2", is: "5" },
      { option: "--lock-duration", was: "15m", is: "none" },
      { option: "whose rules", is: "default policy's" },
    ]);
    expect(await rows("default")).toMatchObject([
      { was: "10", is: "4" },
      { was: "5", is: "2" },
      { option: "--lock-duration" },
      { option: "whose numbers", is: "organisation's" },
      { option: "whose rules" },
    ]);
    const text = await policy("diff", middle, "--org", org);
    expect(text.stdout).toMatch(
      /^OPTION +WAS +IS\n--max-password-attempts +3 +4$/m,
    );
    expect(text.stdout).toMatch(/Before:\n.*\npassword +/);
    const same = await policy("diff", newest, "--org", org);
    expect(same).toMatchObject({ stdout: "", stderr: "nothing differs\n" });
    expect(await policy("diff", "default")).toMatchObject({ code: 2 });
    const elsewhere = await policy("diff", newest);
    expect(elsewhere).toMatchObject({ code: 1, stdout: "" });
    expect(elsewhere.stderr).toContain(`the policy has no change ${newest}:`);
  });

  test("leads back to a change, and says before what that would change", async () => {
    const { org, positions } = await changedOrg();
    const [newest = "", , oldest = ""] = positions;
    const back = (change: string, ...args: readonly string[]) =>
      policy("rollback", change, "--org", org, ...args);
    const dry = await back(oldest, "--dry-run");
    expect(dry.stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["OPTION", "WAS", "IS"],
      ["--max-password-attempts", "4", "3"],
      ["--max-otp-attempts", "2", "5"],
      ["whose rules", "organisation's", "default policy's"],
      [""],
    ]);
    expect(dry.stderr).toBe("nothing was changed: --dry-run\n");

    const rolled = await back(oldest);
    expect(rolled).toMatchObject({ code: 0, stderr: "" });
    expect(rolled.stdout).toContain("- 3 wrong passwords lock a user.");
    expect(rolled.stdout).toContain("Rules, of the default policy:");
    const again = await back(oldest, "--exit-code");
    expect(again).toMatchObject({
      code: 3,
      stderr: "nothing to change: the policy is so already\n",
    });
    expect(await back(oldest, "--dry-run", "--exit-code")).toMatchObject({
      ...{ code: 3, stdout: "" },
      stderr: "nothing to change: the policy is so already\n",
    });
    const json = await back(newest, "--output", "json");
    expect(JSON.parse(json.stdout)).toMatchObject({
      ...{ maxPasswordAttempts: 4, maxOtpAttempts: 2 },
      rules: { lockDuration: "900s" },
    });

    const other = await createOrg(on());
    for (const args of [["--org", other], []]) {
      const refused = await policy("rollback", newest, ...args);
      expect(refused).toMatchObject({ code: 1, stdout: "" });
      expect(refused.stderr).toContain(`has no change ${newest}:`);
    }
    expect(await policy("rollback", "last")).toMatchObject({ code: 2 });
  });
});
