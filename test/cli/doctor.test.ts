import http from "node:http";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import http2 from "node:http2";
import { fileURLToPath } from "node:url";
import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  it,
  test,
  vi,
} from "vitest";
import {
  lookAtCertificate,
  lookAtExpiry,
} from "../../src/cli/doctor/certificate.ts";
import { lookAtConnection } from "../../src/cli/doctor/connection.ts";
import type { Finding } from "../../src/cli/doctor/finding.ts";
import { lookAtClock } from "../../src/cli/doctor/installation.ts";
import type { Clients } from "../../src/cli/transport/clients.ts";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";
import { run } from "./command.ts";

let directory: TempDir;
let database: string;
let server: TestServer;
const closing: (() => void)[] = [];
const certificates = new URL("../http/certificates/", import.meta.url);

beforeAll(async () => {
  directory = await makeTempDir();
  database = `sqlite:${directory.file("lockoutd.db")}`;
  for (const name of ["DATABASE", "SERVER", "TOKEN", "TLS_CERT", "TLS_KEY"]) {
    vi.stubEnv(`LOCKOUTD_${name}`, undefined);
  }
  server = await startTestServer({ database });
});

afterEach(() => {
  for (const close of closing.splice(0)) {
    close();
  }
});

afterAll(async () => {
  await server.close();
  vi.unstubAllEnvs();
  await directory.remove();
});

const levels = (findings: readonly Finding[]) =>
  Object.fromEntries(findings.map(({ about, level }) => [about, level]));

/** How long a read takes is measured, and a machine that does other work too is slow. */
const measured = expect.stringMatching(/^(?:ok|warning)$/) as string;

async function doctor(...args: readonly string[]) {
  const { code, stdout } = await run("doctor", ...args, "--output", "json");
  const findings = JSON.parse(stdout) as readonly Finding[];
  return { code, findings, levels: levels(findings) };
}

describe("lockoutd doctor", () => {
  it("looks at a database that is served, and says how a policy is set and which tokens end", async () => {
    await run(
      ...["token", "create", "--role", "IAM_LOGIN_CLIENT"],
      ...["--name", "old", "--expires", "2d", "--database", database],
    );
    const { code, findings, levels: found } = await doctor("-d", database);
    expect(code).toBe(0);
    expect(found).toMatchObject({
      version: "ok",
      database: measured,
      policy: "warning",
      tokens: "warning",
      clock: "ok",
    });
    const of = (about: string) =>
      findings.find((finding) => finding.about === about);
    expect(of("policy")?.advice).toMatch(/^lockoutd policy set /);
    expect(of("tokens")?.text).toContain("(old) ends on");
    expect(of("disk")?.text).toMatch(/\d+ MiB free .* a sync takes [\d.]+ ms/);
    const text = await run("doctor", "-d", database);
    expect(text.stdout).toMatch(/^warning {2}policy .*\n {9}to do: lockoutd/m);
    const ceiling = ["policy", "set", "-d", database, "--ceiling"] as const;
    await run(...ceiling, "100");
    const bounded = await doctor("-d", database);
    await run(...ceiling, "none");
    expect(bounded.findings).toContainEqual({
      about: "policy",
      level: "ok",
      text: expect.stringContaining("and 100 failures in a row") as string,
    });
  });

  it("looks at a server, with a token and without", async () => {
    const connection = { http2: "ok", trailers: "ok", streaming: "ok" };
    const { code, levels: found } = await doctor("-s", server.url);
    expect(code).toBe(0);
    expect(found).toEqual({
      ...connection,
      version: "ok",
      ...{ policy: "skipped", tokens: "skipped", clock: "skipped" },
    });
    expect(
      (await doctor("-s", server.url, "--token", server.adminToken)).levels,
    ).toMatchObject({
      ...{ ...connection, database: measured, policy: "warning" },
    });
  });

  it("ends with 1 where there is a problem: no database, or a certificate whose key is another's", async () => {
    const missing = await doctor("-d", `sqlite:${directory.file("none.db")}`);
    expect(missing.code).toBe(1);
    expect(missing.levels).toEqual({
      ...{ version: "ok", database: "problem" },
      ...{ policy: "skipped", tokens: "skipped", clock: "skipped" },
    });
    const pem = (name: string) => fileURLToPath(new URL(name, certificates));
    const pair = await doctor(
      ...["-d", database, "--tls-cert", pem("server.crt")],
      ...["--tls-key", pem("client.key")],
    );
    expect(pair.code).toBe(1);
    expect(pair.levels).toMatchObject({ certificate: "problem" });
    await writeFile(directory.file("cert.pem"), "none");
    const none = await doctor(
      ...["-d", database, "--tls-cert", directory.file("cert.pem")],
    );
    expect(none.levels).toMatchObject({ certificate: "problem" });
  });
});

test.each([
  [-1, "problem"],
  [3, "warning"],
  [60, "ok"],
])("a certificate that ends in %d days", (days, level) => {
  const now = Date.UTC(2030, 0, 1);
  expect(lookAtExpiry("it", now + days * 86_400_000, now).level).toBe(level);
});

test("a certificate with its key", async () => {
  const path = (name: string) => fileURLToPath(new URL(name, certificates));
  const { text } = await lookAtCertificate(
    path("server.crt"),
    path("server.key"),
    0,
  );
  expect(text).toMatch(/ends on \d{4}-/);
  expect((await readFile(path("server.crt"))).length).toBeGreaterThan(0);
});

test("an event of a time that is still to come is of a clock that went back", async () => {
  const clients = {
    admin: {
      listEvents: async () => ({
        events: [{ creationDate: timestampFromMs(10_000) }],
      }),
    },
  } as unknown as Clients;
  expect((await lookAtClock(clients, 0)).level).toBe("warning");
  expect((await lookAtClock(clients, 10_000)).level).toBe("ok");
});

describe("what lies between", () => {
  async function listen(proxy: Server) {
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    closing.push(() => proxy.close());
    return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  }

  it("speaks HTTP/1.1 alone", async () => {
    const url = await listen(
      http.createServer((_request, response) => response.end()),
    );
    const found = await lookAtConnection(url, Date.now);
    expect(levels(found)).toEqual({
      ...{ http2: "problem", trailers: "skipped", streaming: "skipped" },
    });
    expect(found[0]?.advice).toContain("HTTP/2");
  });

  it("drops trailers, and answers itself", async () => {
    const proxy = http2.createServer((_request, response) => {
      response.writeHead(502, {
        date: new Date(Date.now() - 60_000).toUTCString(),
      });
      response.end();
    });
    const found = await lookAtConnection(await listen(proxy), Date.now);
    expect(levels(found)).toEqual({
      http2: "ok",
      trailers: "problem",
      streaming: "problem",
      clock: "warning",
    });
    expect(found[1]?.text).toContain("502");
  });

  const nothingElse = {
    ...{ trailers: "skipped", streaming: "skipped" },
    ...{ policy: "skipped", tokens: "skipped", clock: "skipped" },
  };

  it("is no connection: nothing else is looked at", async () => {
    const nobody = createServer();
    const url = await listen(nobody);
    nobody.close();
    const refused = await doctor("-s", url, "--token", server.adminToken);
    expect(refused.code).toBe(1);
    expect(refused.levels).toEqual({
      ...{ version: "ok", connection: "problem", http2: "skipped" },
      ...nothingElse,
    });
    expect(refused.findings[1]?.text).toMatch(/cannot be reached: .*REFUSED/);
  });

  it.each(["http", "https"])(
    "accepts %s and says nothing: the doctor waits for it once",
    async (scheme) => {
      const sockets: Socket[] = [];
      const url = await listen(
        createServer((socket) => {
          sockets.push(socket);
        }),
      );
      const silent = await doctor(
        ...["-s", url.replace("http", scheme), "--token", server.adminToken],
      );
      expect(silent.levels).toEqual({
        version: "ok",
        ...(scheme === "http"
          ? { http2: "problem" }
          : { connection: "problem", http2: "skipped" }),
        ...nothingElse,
      });
      expect(sockets).toHaveLength(1);
      for (const socket of sockets) {
        socket.destroy();
      }
    },
  );

  /** Passes the health check, and then does as it is told. */
  function healthy(
    onOther: (stream: http2.ServerHttp2Stream, path: string) => void,
  ) {
    const proxy = http2.createServer();
    proxy.on("stream", (stream, { ":path": path = "" }) => {
      stream.on("error", () => undefined);
      if (!path.endsWith("/Check")) {
        onOther(stream, path);
        return;
      }
      stream.on("wantTrailers", () => {
        stream.sendTrailers({ "grpc-status": "0" });
      });
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.end();
    });
    return listen(proxy);
  }

  it("takes long to bring a message of a stream: that is no fault of the clocks", async () => {
    let isWatching = false;
    const url = await healthy(() => {
      isWatching = true;
    });
    const found = await lookAtConnection(
      url,
      () => Date.now() + (isWatching ? 60_000 : 0),
    );
    expect(levels(found)).toEqual({
      ...{ http2: "ok", trailers: "ok", streaming: "problem" },
    });
  });

  it("lets no other call through: the doctor ends all the same", async () => {
    const others: string[] = [];
    const url = await healthy((stream, path) => {
      others.push(path);
      if (path.endsWith("/Watch")) {
        stream.respond({ ":status": 200 });
        stream.write(Buffer.alloc(5));
      }
    });
    const stuck = await doctor("-s", url, "--token", server.adminToken);
    // It waits for one, and calls no other after it.
    expect(others).toEqual([
      expect.stringMatching(/Watch$/),
      expect.any(String),
    ]);
    expect(stuck.levels).toEqual({
      version: "ok",
      ...{ http2: "ok", trailers: "ok", streaming: "ok" },
      ...{ database: "problem", policy: "skipped" },
      ...{ tokens: "skipped", clock: "skipped" },
    });
  });
});
