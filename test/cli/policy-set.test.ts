import { createConnectTransport } from "@connectrpc/connect-node";
import { describe, expect, test } from "vitest";
import { createClients } from "../../src/cli/transport/clients.ts";
import { makeChange, planChange } from "../../src/cli/policy/policy-change.ts";
import { presetNames } from "../../src/lockout/budget/preset-table.ts";
import { run, widestOf } from "./command.ts";
import { createOrg, serveDatabase } from "./served-database.ts";

const served = serveDatabase({
  defaultPolicy: { maxPasswordAttempts: 10, maxOtpAttempts: 5 },
});
const { onDatabase, onServer } = served;

const newOrg = () => createOrg(onServer());

async function eventTypes(org: string): Promise<readonly string[]> {
  const { stdout } = await run(
    ...["events", "--org", org, "--asc", "--output", "json"],
    ...onServer(),
  );
  const events = JSON.parse(stdout) as readonly { readonly type: string }[];
  return events.slice(1).map(({ type }) => type);
}

describe.each([
  { where: "the database", on: onDatabase },
  { where: "a server", on: onServer },
])("policy set on $where", ({ on }) => {
  const policy = async (name: string, org: string, ...args: string[]) =>
    run("policy", name, "--org", org, ...args, ...on());
  const json = async (name: string, org: string, ...args: string[]) => {
    const { stdout } = await policy(name, org, ...args, "--output", "json");
    return JSON.parse(stdout) as unknown;
  };

  test("what counts is set by name too, and refused by the options' names", async () => {
    const org = await newOrg();
    const refused = await policy("set", org, "--sources-max-failures", "20");
    expect(refused).toMatchObject({
      code: 1,
      stderr:
        "lockoutd: --sources-window must be set with --sources-max-failures\n",
    });
    const set = await policy(
      ...(["set", org, "--remembered-secrets", "3"] as const),
      ...["--sources-max-failures", "20", "--sources-window", "10m"],
      ...["--sources-ipv4-prefix", "24"],
    );
    expect(set.stdout).toContain(
      "- The last 3 wrong passwords of a user count once.\n- A network (/24, and /64 in IPv6) that 20 failures come from within 10m has to",
    );
    const storms = await policy(
      ...(["set", org, "--storms-max-locks", "20"] as const),
      ...["--storms-window", "10m"],
    );
    expect(storms.stdout.replaceAll("\n  ", " ")).toContain(
      "- More than 20 locks by failures in the organisation within 10m is a storm, of which events tell.",
    );
    await policy("set", org, "--sources-ipv4-prefix", "none");
    expect(await json("get", org)).toMatchObject({
      rules: {
        rememberedSecrets: 3,
        sources: { maxFailures: 20, window: "600s" },
        storms: { maxLocks: 20, window: "600s" },
      },
    });
  });

  test("rules are set by name, what is not named is kept, and show says it in sentences", async () => {
    const org = await newOrg();
    const set = await policy(
      ...([
        "set",
        org,
        "--lock-duration",
        "15m",
        "--lock-growth",
        "2",
      ] as const),
      ...["--observation-window", "30m", "--ceiling", "100"],
    );
    expect(set).toMatchObject({ code: 0, stderr: "" });
    const shown = await policy("show", org);
    expect(shown.stdout.startsWith(set.stdout)).toBe(true);
    expect(shown.stdout.slice(set.stdout.length)).toMatch(
      /^\nOf what begins now, .*:\n(- [a-z ]+: \d{4}-\S+Z\n){3}$/,
    );
    expect(shown.stdout.split("\n").slice(0, 11)).toEqual([
      `Numbers, of the default policy, of the instance ${served.server.instanceId}:`,
      "- 10 wrong passwords lock a user.",
      "- 5 wrong codes of one kind lock a user.",
      "",
      `Rules, of the organisation ${org}:`,
      "- A lock by failures lasts 15m; each further one in a row 2 times as long as the",
      "  one before, at most 24h.",
      "- The count of failures starts over 30m after the last one.",
      "- 100 failures in a row lock until somebody unlocks, however long they take.",
      "",
      expect.stringMatching(/^Last change: \d{4}-\S+Z$/),
    ]);
    expect(shown.stdout).toMatch(/^password +\d+ +100 +0\.03 %$/m);
    expect(widestOf(shown.stdout)).toBeLessThanOrEqual(80);

    await policy("set", org, "--lock-growth", "none", "--ceiling", "0");
    await policy("set", org, "-p", "7", "--max-lock-duration", "2d");
    expect(await json("get", org)).toMatchObject({
      maxPasswordAttempts: 7,
      maxOtpAttempts: 5,
      isDefault: false,
      numbersFrom: "POLICY_SOURCE_ORGANIZATION",
      rulesFrom: "POLICY_SOURCE_ORGANIZATION",
      rules: {
        lockDuration: "900s",
        maxLockDuration: "172800s",
        observationWindow: "1800s",
      },
      budgets: { length: 5 },
    });
    expect(await eventTypes(org)).toEqual([
      "org.policy.lockout.rules.changed",
      "org.policy.lockout.rules.changed",
      "org.policy.lockout.rules.changed",
      "org.policy.lockout.added",
    ]);
    const same = ["--max-lock-duration", "48h", "-p", "7", "--exit-code"];
    expect(await policy("set", org, ...same)).toMatchObject({
      code: 3,
      stderr: "nothing to change: the policy is so already\n",
    });
  });

  test("numbers and a ceiling below those that hold are set by one command", async () => {
    const org = await newOrg();
    const set = await policy(
      "set",
      org,
      "-p",
      "3",
      "-c",
      "3",
      "--ceiling",
      "4",
    );
    expect(set).toMatchObject({ code: 0, stderr: "" });
    expect(await json("get", org)).toMatchObject({
      maxPasswordAttempts: 3,
      rules: { ceiling: 4 },
    });
    // Numbers that are raised later are not refused.
    const raised = await policy("set", org, "-p", "9");
    expect(raised).toMatchObject({ code: 0, stderr: "" });
  });

  test("--dry-run says what would change, with the guesses, and changes nothing", async () => {
    const org = await newOrg();
    const args = ["-p", "3", "--lock-duration", "15m", "--dry-run"];
    const { code, stdout, stderr } = await policy("set", org, ...args);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "nothing was changed: --dry-run\n",
    });
    expect(stdout).toMatch(/^--max-password-attempts +10 +3$/m);
    expect(stdout).toMatch(/^--lock-duration +none +15m$/m);
    expect(stdout).toMatch(/^whose rules +default policy's +organisation's$/m);
    const [before = "", after = ""] = stdout.split("After:");
    expect(before).toMatch(/^password +10 +10 +0\.003 %$/m);
    expect(after).toMatch(/^password +288 +105120 +27 %$/m);
    expect(widestOf(stdout)).toBeLessThanOrEqual(80);
    expect(await json("set", org, ...args)).toMatchObject({
      changes: [
        { option: "--max-password-attempts", was: "10", is: "3" },
        { option: "--lock-duration", was: "none", is: "15m" },
        { option: "whose numbers" },
        { option: "whose rules" },
      ],
      before: { maxPasswordAttempts: 10, budgets: { 0: { perDay: "10" } } },
      after: {
        maxPasswordAttempts: 3,
        maxOtpAttempts: 5,
        rules: { lockDuration: "900s" },
        budgets: { 0: { perDay: "288" } },
      },
    });
    expect(await eventTypes(org)).toEqual([]);
  });

  test("what contradicts itself is refused by the names of the options, and nothing is written", async () => {
    const org = await newOrg();
    for (const dry of [[], ["--dry-run"]]) {
      const refused = await policy(
        ...(["set", org, "-p", "6", "--lock-growth", "2"] as const),
        ...["--ceiling", "4", ...dry],
      );
      expect(refused).toEqual({
        code: 1,
        stdout: "",
        stderr:
          "lockoutd: --lock-growth must not be set without --lock-duration; --ceiling must not be below the limit, which is 6\n",
      });
    }
    expect(await eventTypes(org)).toEqual([]);
  });

  test("reset removes numbers and rules, and says which there were", async () => {
    const org = await newOrg();
    await policy("set", org, "--lock-duration", "15m");
    const rules = await policy("reset", org);
    expect(rules).toMatchObject({
      code: 0,
      stderr:
        "removed the organisation's own rules: the default policy holds\n",
    });
    expect(rules.stdout).toContain("- A lock lasts until somebody unlocks.\n");
    await policy("set", org, "--lock-duration", "15m", "-p", "2");
    const both = await policy("reset", org);
    expect(both.stderr).toContain("own numbers and rules:");
    expect(both.stdout).toContain("- 10 wrong passwords lock a user.\n");
  });

  test.each(presetNames)("--preset %s sets what it asks for", async (name) => {
    const org = await newOrg();
    await policy("set", org, "-p", "0", "--lock-duration", "1m", "-c", "120");
    const set = await policy("set", org, "--preset", name);
    expect(set).toMatchObject({ code: 0, stderr: "" });
    const check = await policy("check", org, "--preset", name);
    expect(check.code, check.stdout).toBe(0);
    const again = await policy("set", org, "--preset", name);
    expect(again.stderr).toContain("nothing to change");
  });

  test("a preset overrules no option of the same command, and loosens nothing", async () => {
    const org = await newOrg();
    await policy("set", org, "-p", "4");
    const refused = await policy("set", org, "--preset", "nl-bio", "-p", "11");
    expect(refused).toMatchObject({
      code: 1,
      stderr:
        "lockoutd: nl-bio needs another --max-password-attempts, such as 10: leave the option out, or the preset\n",
    });
    await policy("set", org, "--preset", "nl-bio", "-c", "9");
    expect(await json("get", org)).toMatchObject({
      maxPasswordAttempts: 4,
      maxOtpAttempts: 9,
    });
  });
});

describe("what somebody changes between the reading and the writing", () => {
  const clients = () =>
    createClients(
      createConnectTransport({
        baseUrl: served.server.url,
        httpVersion: "1.1",
        interceptors: [
          (next) => (request) => {
            request.header.set(
              "authorization",
              `Bearer ${served.server.adminToken}`,
            );
            return next(request);
          },
        ],
      }),
    );

  test("is not overwritten, and the command says so", async () => {
    const org = await newOrg();
    const plan = await planChange(
      clients(),
      org,
      { maxPasswordAttempts: 4, lockDurationMs: 900_000 },
      undefined,
    );
    await run("policy", "set", "--org", org, "--ceiling", "50", ...onServer());
    await expect(makeChange(clients(), plan)).rejects.toThrow(
      /^somebody has changed the policy meanwhile: .*policy show/,
    );
    expect(await eventTypes(org)).toEqual(["org.policy.lockout.rules.changed"]);
  });

  test("is not overwritten where the numbers must go first", async () => {
    const org = await newOrg();
    const change = { maxPasswordAttempts: 3, maxOtpAttempts: 3, ceiling: 3 };
    const plan = await planChange(clients(), org, change, undefined);
    await run("policy", "set", "--org", org, "--ceiling", "50", ...onServer());
    await expect(makeChange(clients(), plan)).rejects.toThrow(
      /^the numbers are set, but not the rules: somebody has changed/,
    );
    expect(await eventTypes(org)).toEqual([
      "org.policy.lockout.rules.changed",
      "org.policy.lockout.added",
    ]);
  });
});

test.each([
  ["--lock-duration 15", /with a unit/],
  ["--lock-duration 366d", /1ms to 365d, or none/],
  ["--observation-window 0.0001ms", /1ms to 365d, or none/],
  ["--lock-growth 11", /from 1 to 10/],
  ["--lock-growth 0.5", /from 1 to 10/],
  ["--ceiling 4294967296", /from 1 to 4294967295, or none/],
  ["--preset pci", /pci-dss-4\.0\.1/],
])("policy set %s is refused before anything is read", async (line, reason) => {
  const { code, stderr } = await run("policy", "set", ...line.split(" "));
  expect(code).toBe(2);
  expect(stderr).toMatch(reason);
});
