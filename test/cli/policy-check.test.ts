import { beforeAll, describe, expect, test } from "vitest";
import { presetNames } from "../../src/lockout/budget/preset-table.ts";
import { run, widestOf } from "./command.ts";
import { createOrg, serveDatabase } from "./served-database.ts";

const { onDatabase, onServer } = serveDatabase();

beforeAll(async () => {
  await run("policy", "set", "-p", "10", "-c", "5", ...onDatabase());
});

describe.each([
  { where: "the database", on: onDatabase },
  { where: "a server", on: onServer },
])("policy check on $where", ({ on }) => {
  const check = (...args: readonly string[]) =>
    run("policy", "check", ...args, ...on());

  test("says of every preset whether it is met, and what would meet it, in 80 columns", async () => {
    const { code, stdout, stderr } = await check();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.match(/^\w\S+(?=  +(met|missed))/gm)).toEqual(presetNames);
    expect(stdout).toContain(
      [
        "pci-dss-4.0.1        met",
        "psd2-rts             missed   max_password_attempts: 5",
        "                              rules.lock_duration: 900s",
        "owasp-asvs-4.0.3     met",
      ].join("\n"),
    );
    expect(stdout).toMatch(/^password +10 +10 +0\.003 %$/m);
    expect(stdout).toMatch(/^recovery_code +5 +5 +0\.001 %$/m);
    expect(widestOf(stdout)).toBeLessThanOrEqual(80);
  });

  test("says all that named presets ask, in 80 columns, and ends with 1 where one is missed", async () => {
    const met = await check("--preset", "nl-bio", "pci-dss-4.0.1");
    expect(met).toMatchObject({ code: 0, stderr: "" });
    const all = await check("--preset", ...presetNames);
    expect(all.code).toBe(1);
    expect(all.stderr).toMatch(/^lockoutd: the policy misses psd2-rts, cis-/);
    expect(all.stdout.match(/^\S+(?=: (met|missed)$)/gm)).toEqual(presetNames);
    expect(all.stdout).toMatch(
      /^not decided +The event user\.lockout\.warned is sent/m,
    );
    expect(widestOf(all.stdout)).toBeLessThanOrEqual(80);
  });

  test("says the same to scripts", async () => {
    const { code, stdout } = await check(
      ...["--preset", "psd2-rts", "--output", "json"],
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      presets: [{ preset: "psd2-rts", verdict: "VERDICT_MISSED" }],
      budgets: { length: 5, 0: { perDay: "10", perYear: "10" } },
    });
  });

  test("holds what an organisation has", async () => {
    const org = await createOrg(on());
    await run("policy", "set", "--org", org, "-p", "0", "-c", "3", ...on());
    const { stdout } = await check("--org", org);
    expect(stdout).toMatch(/^password +unlimited +unlimited +100 %$/m);
    expect(stdout).toMatch(/^totp +3 +3 +0\.0009 %$/m);
    const named = await check("--org", org, "--preset", "au-ism-1403");
    expect(named.code).toBe(1);
    expect(named.stdout).toMatch(/^missed .* max_password_attempts: 5$/m);
  });
});

test("policy check of a preset that does not exist names those that do", async () => {
  const { code, stderr } = await run("policy", "check", "--preset", "pci");
  expect(code).toBe(2);
  expect(stderr).toContain(presetNames.join(", "));
});
