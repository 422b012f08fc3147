import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { makeTempDir } from "../support/temp-dir.ts";
import { run } from "./command.ts";

beforeEach(() => {
  for (const name of ["DATABASE", "SERVER", "TOKEN", "LISTEN"]) {
    vi.stubEnv(`LOCKOUTD_${name}`, undefined);
  }
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("a command that is written wrongly ends with 2 and says what to do", () => {
  const id = "397114861402619904";
  test.each([
    ["serv", /unknown command 'serv'[^]*serve/],
    ["help nope", /unknown command 'nope'/],
    ["help user nope", /unknown command 'user nope'/],
    ["attempts begin --factor pin", /Write one of password, totp, otp_sms, /],
    ["attempts complete 1 --outcome no", /Write one of succeeded, failed, not/],
    [
      "events --type user.lokced",
      /is invalid\. Did you mean user\.locked\? Allowed choices are /,
    ],
    ["token create a --role ORG_OWNR", /Did you mean ORG_OWNER\? Allowed/],
    ["attempts begin --factor pasword", /Did you mean password\? Write one/],
    ["serve extra", /too many arguments/],
    ["serve --lisen x", /unknown option '--lisen'[^]*--listen/],
    ["serve --listen 8080", /Write HOST:PORT/],
    ["serve --listen 127.0.0.1:65536", /Write HOST:PORT/],
    ["serve --listen ::1:80", /Write HOST:PORT/],
    ["serve --listen", /argument missing/],
    ["serve --tls-cert cert.pem", /--tls-cert and --tls-key/],
    ["serve --cors-origins example.com", /"example.com" is no origin/],
    ["serve --cors-origins http://a/,http://b", /"http:\/\/a\/" is no origin/],
    ["serve --log-level loud", /debug, info, warn, error, silent/],
    ["serve --shutdown-grace 10", /number with a unit/],
    ["serve --shutdown-grace 25d", /at most 24d/],
    ["serve --attempt-ttl 0s", /at least 1ms/],
    ["serve --max-request-size 0", /number of bytes from 1/],
    ["serve --max-request-size 4MB", /such as 4194304, 16KiB or 4MiB/],
    ["serve --max-request-size 4097KiB", /max-request-size.* to 4MiB/],
    ["serve --max-header-bytes 2048MiB", /to 2047MiB/],
    ["serve --max-streams-per-connection 0", /from 1/],
    ["serve --max-connections-per-address many", /whole number from 0/],
    ["serve --headers-timeout 10", /number with a unit/],
    ["serve --idle-timeout 25d", /at most 24d/],
    ["serve --ignore-unknown-fields=perhaps", /true or false/],
    ["serve --default-max-otp-attempts -1", /whole number from 0/],
    ["serve --database lockoutd.db", /"lockoutd.db" has no scheme: write /],
    ["serve --database mysql:x --listen 127.0.0.1:0", /"mysql" is unknown/],
    ["org list --database mysql://user:pw@host/db", /"mysql" is unknown/],
    ["policy get --database sqlite:", /names no file: write /],
    ["check --database lockoutd.db", /has no scheme/],
    ["backup copy.db --database lockoutd.db", /has no scheme/],
    [
      "copy --from postgres://h:99999/a --to sqlite:b",
      /PostgreSQL URL cannot be read: write postgres:/,
    ],
    ["policy set", /nothing to set/],
    ["policy set -p 4294967296", /from 0 to 4294967295/],
    ["policy set -p 1.5", /whole number/],
    ["policy set -c 5x", /whole number/],
    ["policy reset", /--org ID/],
    ["policy get --output yaml", /text, json[^]*"lockoutd policy get --help"/],
    ["policy show --output yaml", /[^]*"lockoutd policy show --help"/],
    ["user get --output yaml", /[^]*"lockoutd user get --help"/],
    ["policy get --org=", /Write an id .* or a name/],
    ["user show", /name whom/],
    ["user lock", /name whom/],
    ["user unlock --note x", /name whom/],
    ["user delete", /name whom/],
    ["user unlock a --prefix b", /and not both/],
    ["user unlock --reason sunspots", /password-attempts/],
    ["user unlock --prefix a --if-locked-at 2h", /those who are named/],
    ["user unlock --locked-since tomorrow", /back from now/],
    ["user list --limit 0", /1/],
    ["user add x --state gone", /inactive/],
    ["token rotate x --overlap tomorrow", /with a unit/],
    ["policy get --server localhost:8080", /Write http:\/\/HOST:PORT/],
    ["policy get --server http://localhost/x", /Write http:\/\/HOST:PORT/],
    ["policy get --server http://localhost", /set LOCKOUTD_TOKEN/],
    ["policy get --token secret", /add --server URL/],
    ["policy get --server http://a --database sqlite:b", /exclude each other/],
    ["org create", /missing required argument 'name'/],
    ["org remove", /missing required argument 'id'/],
    ["token create", /--role: IAM_OWNER, /],
    ["token create --role OWNER", /IAM_OWNER, .*ORG_OWNER/],
    ["token create --role IAM_OWNER --expires tomorrow", /such as 90d/],
    [
      "token create --role IAM_OWNER --expires 2020-01-01T00:00:00Z",
      /a time to come/,
    ],
    [
      "token create --role IAM_OWNER --expires 9999999d",
      /before the year 10000/,
    ],
    ["token create --role IAM_OWNER --expires 2030-02-30T00:00:00Z", /90d/],
    ["token revoke", /missing required argument 'id'/],
    ["events --limit 0", /from 1 to 1000/],
    ["events --limit 1001", /from 1 to 1000/],
    ["events --type user.lost", /user\.locked/],
    ["events --since yesterday", /24h or 7d/],
    ["events --since 1h --until 2h", /exchange them/],
    ["ready --timeout 5", /number with a unit/],
    [`token revoke ${id} ${id}`, /too many arguments/],
  ])("lockoutd %s", async (line, message) => {
    const { code, stdout, stderr } = await run(...line.split(" "));
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^lockoutd: /);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stderr).not.toContain("pw@");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test.each([[], ["org"], ["token"], ["policy"]])(
    "no command: prints what there is (%s)",
    async (...args: string[]) => {
      const { code, stderr } = await run(...args);
      expect(code).toBe(2);
      expect(stderr).toContain("Commands:");
    },
  );

  test("a blank name", async () => {
    const { code, stderr } = await run("org", "create", "  ");
    expect(code).toBe(2);
    expect(stderr).toContain("not all blank");
  });

  test("a value in the environment", async () => {
    vi.stubEnv("LOCKOUTD_SERVER", "localhost");
    const { code, stderr } = await run("policy", "get");
    expect(code).toBe(2);
    expect(stderr).toContain("LOCKOUTD_SERVER");
  });

  test("a token with blanks, which is not repeated", async () => {
    vi.stubEnv("LOCKOUTD_TOKEN", "se cret");
    const { code, stderr } = await run("policy", "get", "-s", "http://[::1]:1");
    expect(code).toBe(2);
    expect(stderr).toContain("LOCKOUTD_TOKEN");
    expect(stderr).not.toContain("se cret");
  });
});

describe("a command that cannot be done ends with 1 and says why", () => {
  test.each([
    ["org list --database sqlite:/nowhere/x.db", /\/nowhere .* does not exist/],
    ["org list -s http://127.0.0.1:1 --token x", /cannot be reached/],
    ["ready -s http://127.0.0.1:1", /not ready: .*ECONNREFUSED/],
    ["ready -s https://127.0.0.1:1", /not ready: .*ECONNREFUSED/],
    ["serve --tls-cert no.pem --tls-key no.pem", /cannot read .* no\.pem/],
  ])("lockoutd %s", async (line, message) => {
    const { code, stdout, stderr } = await run(...line.split(" "));
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^lockoutd: .*\n$/);
    expect(stderr).not.toContain("pw");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });

  test("a database that is not there is not made", async () => {
    const directory = await makeTempDir();
    const file = directory.file("absent.db");
    const { code, stderr } = await run("org", "list", "-d", `sqlite:${file}`);
    await directory.remove();
    expect(code).toBe(1);
    expect(stderr).toContain(`there is no database ${file}`);
  });
});

describe("help", () => {
  test.each([
    "serve",
    "policy get",
    "policy set",
    "policy reset",
    "org create",
    "org list",
    "token create",
    "token list",
    "token rotate",
    "token revoke",
    "user show",
    "user list",
    "user add",
    "user delete",
    "user lock",
    "user unlock",
    "events",
    "ready",
    "version",
  ])("lockoutd %s --help fits a terminal of 80 columns", async (line) => {
    const { code, stdout, stderr } = await run(...line.split(" "), "--help");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`Usage: lockoutd ${line}`);
    // Only the texts of our own: commander wraps the flags, where there is room.
    const texts = stdout.split("\n").filter((text) => !text.startsWith("  -"));
    expect(texts.filter(({ length }) => length > 80)).toEqual([]);
  });

  test("names the variable of each flag of serve", async () => {
    const { stdout } = await run("serve", "--help");
    const help = stdout.replaceAll(/\s+/g, " ");
    const flags = [...help.matchAll(/ --([a-z-]+) [<[]/g)].map(
      ([, flag = ""]) => flag,
    );
    expect(flags).toContain("listen");
    for (const flag of new Set(flags)) {
      const variable = `LOCKOUTD_${flag.toUpperCase().replaceAll("-", "_")}`;
      expect(help).toContain(`env: ${variable})`);
    }
  });

  test("the version", async () => {
    expect((await run("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await run("version")).stdout).toContain(process.versions.node);
    const { stdout } = await run("version", "--output", "json");
    expect(JSON.parse(stdout)).toHaveProperty("version");
  });
});
