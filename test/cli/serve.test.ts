import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { open, readFile, stat, unlink, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { welcome } from "../../src/cli/terminal/welcome.ts";
import { fingerprintOf, servedCertificate } from "../support/certificate.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";
import { runProcess, startProcess } from "./process.ts";
import type { CommandProcess } from "./process.ts";
import { mainProgram } from "../support/main-program.ts";

const anyPort = ["--listen", "127.0.0.1:0"];
const certificates = new URL("../http/certificates/", import.meta.url);
const tokenLine = /^ {4}(\S{43})$/m;

interface LogLine {
  readonly msg: string;
  /** Of a request. */
  readonly requestId?: string;
  /** How many lines could not be written. */
  readonly lost?: number;
}

let directory: TempDir;
const started: CommandProcess[] = [];

beforeEach(async () => {
  directory = await makeTempDir();
});

afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill("SIGKILL");
    await ended;
  }
  await directory.remove();
});

async function serve(
  env: Readonly<Record<string, string>> = {},
  ...args: readonly string[]
) {
  const server = startProcess(["serve", ...anyPort, ...args], {
    cwd: directory.path,
    env,
  });
  started.push(server);
  const [, url = ""] = await server.printed(/listens on (\S+), .*\n/);
  return { ...server, url };
}

async function stop({ child, ended }: CommandProcess): Promise<void> {
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
}

const runHere = (args: readonly string[], env = {}) =>
  runProcess(args, { cwd: directory.path, env });

/** As a shell runs it: to a full disk, or with both outputs in one. */
const redirected = (redirection: string) =>
  [
    ...["/bin/sh", "-c", `exec "$0" "$@" ${redirection}`],
    ...[process.execPath, mainProgram],
  ] as [string, ...string[]];

async function getPolicy(url: string, token: string): Promise<Response> {
  return fetch(`${url}/admin/v1/policies/lockout`, {
    headers: { authorization: `Bearer ${token}` },
  });
}

test("the first start prints a token once, and a command that works; the log never has it", async () => {
  const first = await serve();
  const [, token = ""] = await first.printed(tokenLine);
  const curl = /curl [^]*?'\n/.exec(first.stdout())?.[0] ?? "";
  expect(curl).toContain(`${first.url}/admin/v1/policies/password/lockout`);
  const put = await fetch(/http:\S+/.exec(curl)?.[0] ?? "", {
    method: "PUT",
    headers: { authorization: /Bearer \S+(?=')/.exec(curl)?.[0] ?? "" },
    body: /-d '(.*)'/.exec(curl)?.[1] ?? "",
  });
  expect(put.status).toBe(200);
  await stop(first);
  expect(first.stderr()).not.toContain(token);
  const lines = first.stderr().trim().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toContainEqual(
    expect.objectContaining({ msg: "listening" }),
  );
  expect(first.stdout().split(token)).toHaveLength(3);

  const second = await serve();
  expect((await getPolicy(second.url, token)).status).toBe(200);
  await stop(second);
  expect(second.stdout()).not.toContain("first start");
  expect(second.stdout()).not.toContain(token);
});

test("the database is made in the working directory, for its owner alone", async () => {
  await stop(await serve());
  const { mode } = await stat(directory.file("lockoutd.db"));
  expect(mode & 0o077).toBe(0);
});

test("LOCKOUTD_ADMIN_TOKEN is the token, and is not printed", async () => {
  const token = "a-token-of-my-own-that-is-long-enough";
  const server = await serve({ LOCKOUTD_ADMIN_TOKEN: token });
  expect((await getPolicy(server.url, token)).status).toBe(200);
  await stop(server);
  expect(server.stdout()).not.toMatch(tokenLine);
  expect(server.stdout() + server.stderr()).not.toContain(token);
});

test("LOCKOUTD_ADMIN_TOKEN that is too short or that no header can carry is refused, and not repeated", async () => {
  for (const secret of ["my töken", "a-secret-of-31-characters-xxxxx"]) {
    const { code, stdout, stderr } = await runHere(["serve", ...anyPort], {
      LOCKOUTD_ADMIN_TOKEN: secret,
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^lockoutd: LOCKOUTD_ADMIN_TOKEN .*openssl rand/);
    expect(stderr).not.toContain(secret);
  }
  expect(existsSync(directory.file("lockoutd.db"))).toBe(false);
});

test("flags count before variables, variables before defaults, empty ones not at all", async () => {
  const server = await serve(
    {
      LOCKOUTD_LISTEN: "256.0.0.1:1",
      LOCKOUTD_DATABASE: "sqlite:./variable.db",
      LOCKOUTD_DEFAULT_MAX_OTP_ATTEMPTS: "7",
      LOCKOUTD_IGNORE_UNKNOWN_FIELDS: "false",
      LOCKOUTD_CORS_ORIGINS: "",
      LOCKOUTD_ADMIN_TOKEN: "",
      LOCKOUTD_LOG_LEVEL: "silent",
    },
    ...["--default-max-password-attempts", "9"],
  );
  const [, token = ""] = await server.printed(tokenLine);
  const answer = await getPolicy(server.url, token);
  expect(await answer.json()).toMatchObject({
    policy: { maxPasswordAttempts: "9", maxOtpAttempts: "7" },
  });
  const put = await fetch(`${server.url}/admin/v1/policies/password/lockout`, {
    method: "PUT",
    headers: { authorization: `Bearer ${token}` },
    body: '{"typo":1}',
  });
  expect(put.status).toBe(400);
  await stop(server);
  expect(existsSync(directory.file("variable.db"))).toBe(true);
  expect(existsSync(directory.file("lockoutd.db"))).toBe(false);
  expect(server.stderr()).toBe("");
});

test.each([
  [
    "postgres://lockoutd:secret@db:5432/lockoutd?sslmode=verify-full",
    "postgres://lockoutd@db:5432/lockoutd?sslmode=verify-full",
  ],
  ["sqlite:./a:b@c.db", "sqlite:./a:b@c.db"],
])("the database %s is named without its password", (database, shown) => {
  const url = "http://127.0.0.1:8080";
  expect(
    welcome(
      { url, hasConsole: true, created: undefined },
      {
        database,
        defaultPolicy: { maxPasswordAttempts: 0, maxOtpAttempts: 0 },
      },
      "lockoutd",
    ),
  ).toBe(`lockoutd listens on ${url}, with ${shown}\n`);
});

test.each([true, false])(
  "the first start names the console's address where there is one: %s",
  (hasConsole) => {
    const url = "http://127.0.0.1:8080";
    const created = { instanceId: "2", orgId: "1", adminToken: "x" };
    const text = welcome(
      { url, hasConsole, created },
      { database: "sqlite:a.db", defaultPolicy: {} },
      "lockoutd",
    );
    const [, second] = text.split("\n");
    expect(second).toBe(
      hasConsole
        ? `The console, a page for the help desk: ${url}/ui/console`
        : "",
    );
  },
);

test("a default policy that never locks is said, with the command that sets one", async () => {
  const first = await serve({ npm_execpath: "npm-cli.js" });
  // Run by npm, as in a checkout.
  const [, command = ""] = await first.printed(
    /^ {4}npx (lockoutd policy set .*)$/m,
  );
  await stop(first);
  expect(first.stderr()).toContain(
    "wrong passwords and wrong codes never lock a user",
  );
  expect((await runHere(command.split(" ").slice(1))).code).toBe(0);
  const second = await serve();
  await stop(second);
  expect(second.stderr()).not.toContain("never lock");

  const half = await runHere(["policy", "set", "--max-otp-attempts", "0"]);
  expect(half.stdout).toContain("- Wrong codes never lock a user.\n");
  const third = await serve();
  await stop(third);
  expect(third.stderr()).toContain('"wrong codes never lock a user');

  await runHere(["policy", "set", "--ceiling", "100"]);
  const bounded = await serve();
  await stop(bounded);
  expect(bounded.stderr()).not.toContain("never lock");
});

test("settings for the first start that differ from the policy in the database are said, with the command that sets it", async () => {
  const first = await serve({}, "--default-max-password-attempts", "3");
  await stop(first);
  expect(first.stderr()).not.toContain("first start alone");
  const same = await serve({}, "--default-max-password-attempts", "3");
  await stop(same);
  expect(same.stderr()).not.toContain("first start alone");

  const variables = { LOCKOUTD_DEFAULT_MAX_OTP_ATTEMPTS: "4" };
  const other = await serve(variables, "--default-max-password-attempts", "5");
  await stop(other);
  expect(other.stderr()).toContain(
    "is 3 wrong passwords and 0 wrong codes, not 5 wrong passwords and 4 wrong codes",
  );
  const [command = ""] =
    /(?<=lockoutd )policy set --[^"]*/.exec(other.stderr()) ?? [];
  expect((await runHere(command.split(" "))).code).toBe(0);
  const after = await serve(variables, "--default-max-password-attempts", "5");
  await stop(after);
  expect(after.stderr()).not.toContain("first start alone");
});

test("a default policy that the first start is told is not said", async () => {
  const server = await serve({}, "--default-max-password-attempts", "5");
  await server.printed(tokenLine);
  await stop(server);
  expect(server.stdout()).not.toContain("policy set");
});

test("a flag without its value is yes", async () => {
  const server = await serve({}, "--ignore-unknown-fields");
  const [, token = ""] = await server.printed(tokenLine);
  const put = await fetch(`${server.url}/admin/v1/policies/password/lockout`, {
    method: "PUT",
    headers: { authorization: `Bearer ${token}` },
    body: '{"typo":1,"maxPasswordAttempts":2}',
  });
  expect(put.status).toBe(200);
  await stop(server);
});

describe("signals", () => {
  /** A call that the server waits for: its body does not end. */
  async function beginCall(url: string, token: string) {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    socket.write(
      "PUT /admin/v1/policies/password/lockout HTTP/1.1\r\nHost: test\r\n" +
        `Authorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
        "Expect: 100-continue\r\nContent-Length: 25\r\n\r\n",
    );
    // The server has the head when it asks for the rest.
    const [head] = (await once(socket, "data")) as [Buffer];
    expect(head.toString()).toContain("100 Continue");
    return socket;
  }

  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s finishes the call that runs, refuses new ones, and ends with 0",
    async (signal) => {
      const server = await serve();
      const [, token = ""] = await server.printed(tokenLine);
      const socket = await beginCall(server.url, token);
      server.child.kill(signal);
      await server.printed(new RegExp(`^${signal}:`, "m"));
      await expect(getPolicy(server.url, token)).rejects.toThrow();
      socket.write('{"maxPasswordAttempts":5}');
      const [answer] = (await once(socket, "data")) as [Buffer];
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
      expect(await server.ended).toBe(0);
    },
  );

  test("Ctrl+C that npm passes on, and so comes twice, is one", async () => {
    const server = await serve();
    const [, token = ""] = await server.printed(tokenLine);
    const socket = await beginCall(server.url, token);
    server.child.kill("SIGINT");
    server.child.kill("SIGINT");
    await server.printed(/^SIGINT:/m);
    socket.write('{"maxPasswordAttempts":5}');
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
    expect(await server.ended).toBe(0);
  });

  test("one that comes during the start stops the server when it has started", async () => {
    const certificate = directory.file("cert.pem");
    await promisify(execFile)("mkfifo", [certificate]);
    const server = startProcess(
      [
        ...["serve", ...anyPort, "--tls-cert", certificate],
        ...["--tls-key", fileURLToPath(new URL("server.key", certificates))],
      ],
      { cwd: directory.path, env: {} },
    );
    started.push(server);
    // Opens when the server opens it, and keeps the server waiting until it is closed.
    const pipe = await open(certificate, "w");
    server.child.kill("SIGTERM");
    await pipe.writeFile(await readFile(new URL("server.crt", certificates)));
    await pipe.close();
    expect(await server.ended).toBe(0);
    // The first start has made a token, which nobody would see again.
    expect(server.stdout()).toMatch(tokenLine);
    expect(server.stdout()).toMatch(/^SIGTERM:/m);
  });

  test("a second one ends at once", async () => {
    const server = await serve({ LOCKOUTD_SHUTDOWN_GRACE: "24d" });
    const [, token = ""] = await server.printed(tokenLine);
    const socket = await beginCall(server.url, token);
    server.child.kill("SIGTERM");
    await server.printed(/^SIGTERM:/m);
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(143);
    socket.destroy();
  });
});

describe("SIGHUP", () => {
  const pem = (name: string) => readFile(new URL(name, certificates));

  async function writePair(name: "server" | "client") {
    await writeFile(directory.file("cert.pem"), await pem(`${name}.crt`));
    await writeFile(directory.file("key.pem"), await pem(`${name}.key`));
  }

  async function serveTls(...args: readonly string[]) {
    await writePair("server");
    const server = await serve(
      {},
      ...["--tls-cert", "cert.pem", "--tls-key", "key.pem", ...args],
    );
    return { ...server, port: Number(new URL(server.url).port) };
  }

  const logged = (server: CommandProcess, text: string) =>
    expect.poll(server.stderr).toContain(text);

  test("has certificate and key read again", async () => {
    const server = await serveTls();
    expect(await servedCertificate(server.port)).toBe(
      fingerprintOf(await pem("server.crt")),
    );
    await writePair("client");
    server.child.kill("SIGHUP");
    await logged(server, "read again");
    const renewed = fingerprintOf(await pem("client.crt"));
    expect(await servedCertificate(server.port)).toBe(renewed);
    // Half of the next pair.
    await writeFile(directory.file("cert.pem"), await pem("server.crt"));
    server.child.kill("SIGHUP");
    await logged(server, "those before stay");
    expect(await servedCertificate(server.port)).toBe(renewed);
    await stop(server);
  });

  test("is not needed with --tls-reload", async () => {
    const server = await serveTls("--tls-reload", "20ms");
    await writePair("client");
    const renewed = fingerprintOf(await pem("client.crt"));
    await expect.poll(() => servedCertificate(server.port)).toBe(renewed);
    await stop(server);
  });

  test("changes nothing without TLS", async () => {
    const server = await serve();
    server.child.kill("SIGHUP");
    await logged(server, "no TLS");
    expect((await getPolicy(server.url, "none")).status).toBe(401);
    await stop(server);
  });
});

test("a variable that is nearly one of a flag is warned of in the log", async () => {
  const server = await serve({ LOCKOUTD_RETENTON: "90d" });
  expect(server.stderr()).toContain(
    "the variable LOCKOUTD_RETENTON is unknown, and does nothing: did you mean LOCKOUTD_RETENTION?",
  );
  await stop(server);
});

describe("a server that cannot start ends with 1 and one line", () => {
  test("the port is taken: the reason comes first, then the token", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const { code, stdout } = await runProcess(
      ["serve", "--listen", `127.0.0.1:${port}`],
      {
        cwd: directory.path,
        env: { LOCKOUTD_LOG_LEVEL: "silent" },
        program: redirected("2>&1"),
      },
    );
    other.close();
    expect(code).toBe(1);
    const [reason, ...rest] = stdout.split("\n");
    expect(reason).toBe(
      `lockoutd: cannot listen on 127.0.0.1:${port}: another program listens there: ` +
        "stop it, or choose another port by --listen (EADDRINUSE)",
    );
    // It has created the instance, and no later start shows the token.
    const [, token = ""] = tokenLine.exec(rest.join("\n")) ?? [];
    const second = await serve();
    expect((await getPolicy(second.url, token)).status).toBe(200);
    await stop(second);
    expect(second.stdout()).not.toContain("first start");
  });

  test("another server has the database", async () => {
    const first = await serve();
    const { code, stderr } = await runHere(["serve", ...anyPort]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^lockoutd: another lockoutd serves .*\n$/);
    await stop(first);
  });

  test("the database is another program's file", async () => {
    await writeFile(directory.file("lockoutd.db"), "x".repeat(4096));
    const { code, stderr } = await runHere(["serve", ...anyPort]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^lockoutd: .* is not an SQLite database.*\n$/);
  });

  test("the certificate is none", async () => {
    await writeFile(directory.file("cert.pem"), "none");
    await writeFile(directory.file("key.pem"), "none");
    const { code, stdout, stderr } = await runHere([
      ...["serve", ...anyPort],
      ...["--tls-cert", "cert.pem", "--tls-key", "key.pem"],
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^lockoutd: cannot use the certificate .*\n$/);
    // No token was made, and so none is lost.
    const second = await serve();
    expect(second.stdout()).toMatch(tokenLine);
    await stop(second);
  });
});

describe("a reader that stops early", () => {
  test("is no error of a command", async () => {
    await stop(await serve());
    const command = startProcess(["events", "--asc"], { cwd: directory.path });
    command.child.stdout.destroy();
    expect(await command.ended).toBe(0);
    expect(command.stderr()).toBe("");
  });

  test("does not end a server, which still ends as it should", async () => {
    const server = await serve();
    const [, token = ""] = await server.printed(tokenLine);
    server.child.stdout.destroy();
    server.child.stderr.destroy();
    for (let calls = 0; calls < 3; calls += 1) {
      expect((await getPolicy(server.url, token)).status).toBe(200);
    }
    await stop(server);
  });
});

describe("output that is not taken", () => {
  test("is no reason for a server to stand still: a pipe that nobody reads", async () => {
    const server = await serve({}, "--max-target-bytes", "8KiB");
    const [, token = ""] = await server.printed(tokenLine);
    server.child.stderr.pause();
    // Each request is told with its path: more than the pipe takes, and more than may wait for it.
    const path = "x".repeat(8000);
    const calls = Array.from({ length: 300 }, (_, call) => `call-${call}`);
    for (const id of calls) {
      const response = await fetch(`${server.url}/${path}`, {
        headers: { "x-request-id": id },
      });
      expect(response.status).toBe(404);
      // Else its connection would be cut whenever the collector finds it, and others made: so it is one, and a call is one line.
      await response.arrayBuffer();
    }
    server.child.stderr.resume();
    await expect.poll(server.stderr).toContain("could not be written");
    const policy = await getPolicy(server.url, token);
    expect(policy.status).toBe(200);
    await policy.arrayBuffer();
    await stop(server);
    const lines = server
      .stderr()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as LogLine);
    const lost = lines.reduce((sum, line) => sum + (line.lost ?? 0), 0);
    expect(lost).toBeGreaterThan(0);
    const told = lines.flatMap(({ requestId }) => requestId ?? []);
    expect(told.slice(0, -1)).toEqual(
      calls.filter((call) => told.includes(call)),
    );
    expect(told.length + lost).toBe(calls.length + 1);
    expect(
      lines
        .filter((line) => line.requestId === undefined && !line.lost)
        .map(({ msg }) => msg),
    ).toEqual([expect.stringContaining("never lock"), "listening", "ended"]);
  });

  test.skipIf(!existsSync("/dev/full"))(
    "is no reason for a server to end: a log on a full disk",
    async () => {
      const server = startProcess(["serve", ...anyPort], {
        cwd: directory.path,
        program: redirected("2>/dev/full"),
      });
      started.push(server);
      const [, url = ""] = await server.printed(/listens on (\S+), .*\n/);
      const [, token = ""] = await server.printed(tokenLine);
      for (let calls = 0; calls < 3; calls += 1) {
        expect((await getPolicy(url, token)).status).toBe(200);
      }
      await stop(server);
    },
  );

  test.skipIf(!existsSync("/dev/full"))(
    "is a failure of a command, in one line",
    async () => {
      await stop(await serve());
      const { code, stderr } = await runProcess(["events"], {
        cwd: directory.path,
        program: redirected(">/dev/full"),
      });
      expect(code).toBe(1);
      expect(stderr).toMatch(/^lockoutd: the output could not .*ENOSPC.*\n$/);
    },
  );
});

test("the keys of the installation are sealed by the master key, and a start with another one is refused until they are reset", async () => {
  const master = "0123456789abcdef0123456789abcdef";
  const first = await serve({ LOCKOUTD_MASTERKEY: master });
  await stop(first);

  expect(existsSync(directory.file("lockoutd.db.key"))).toBe(false);
  const none = await runHere(["serve", ...anyPort]);
  expect(none.code).toBe(1);
  expect(none.stderr).toMatch(/master key.*--reset-keys/);
  const short = await runHere(["serve", ...anyPort], {
    LOCKOUTD_MASTERKEY: "secret",
  });
  expect(short.code).toBe(2);
  expect(short.stderr).toMatch(/LOCKOUTD_MASTERKEY has 6 characters/);
  expect(short.stderr).not.toContain("secret");
  const file = directory.file("master.key");
  await writeFile(file, `${master}\n`);
  const both = await runHere(["serve", ...anyPort, "--masterkey-file", file], {
    LOCKOUTD_MASTERKEY: master,
  });
  expect(both.code).toBe(2);

  await stop(await serve({}, "--masterkey-file", file));
  await stop(await serve({}, "--reset-keys"));
  expect((await stat(directory.file("lockoutd.db.key"))).mode & 0o777).toBe(
    0o600,
  );
  await stop(await serve());
});

test("the first start writes a token and a key to new files for their owner alone, and prints neither; later starts write nothing", async () => {
  const files = ["--first-token-file", "token", "--first-key-file", "key.json"];
  await writeFile(directory.file("token"), "precious");
  const refused = await runHere(["serve", ...anyPort, ...files]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("the first start cannot write");
  expect(existsSync(directory.file("key.json"))).toBe(false);
  await unlink(directory.file("token"));

  const first = await serve({}, ...files);
  const token = (await readFile(directory.file("token"), "utf8")).trim();
  expect(first.stdout()).not.toContain(token);
  expect((await getPolicy(first.url, token)).status).toBe(200);
  expect(
    JSON.parse(await readFile(directory.file("key.json"), "utf8")),
  ).toMatchObject({ type: "serviceaccount" });
  for (const name of ["token", "key.json"]) {
    expect((await stat(directory.file(name))).mode & 0o777).toBe(0o600);
  }
  await stop(first);
  await stop(await serve({}, ...files));
});
