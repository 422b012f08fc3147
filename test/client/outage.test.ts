import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ConnectError, Code } from "@connectrpc/connect";
import { afterEach, expect, test, vi } from "vitest";
import { createLockoutClient, withLockout } from "../../client/src/index.ts";
import type { LockoutClient } from "../../client/src/index.ts";
import { defaultConfig } from "../../src/config.ts";
import { startServer } from "../../src/server.ts";
import type { RunningServer } from "../../src/server.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";
import { clientWith } from "./support.ts";

const user = { userId: "someone" };
const token = "the-token-of-the-outage-administrator";

const opened: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) {
    await close();
  }
});

async function openDirectory(): Promise<TempDir> {
  const directory = await makeTempDir();
  opened.push(directory.remove);
  return directory;
}

async function start(directory: TempDir, port = 0): Promise<RunningServer> {
  const server = await startServer({
    ...defaultConfig,
    listen: { host: "127.0.0.1", port },
    database: `sqlite:${directory.file("lockoutd.db")}`,
    adminToken: token,
    defaultPolicy: { maxPasswordAttempts: 3, maxOtpAttempts: 3 },
    logLevel: "silent",
  });
  opened.push(() => server.close());
  return server;
}

function connect(url: string): LockoutClient {
  const client = createLockoutClient({ url, token });
  opened.push(() => {
    client.close();
  });
  return client;
}

test("what answers in HTTP/1.1 refuses the login each time, and does not end the process", async () => {
  // As a load balancer does whose servers are gone.
  const balancer = createServer((_request, response) => {
    response.writeHead(502).end();
  }).listen(0, "127.0.0.1");
  opened.push(() => {
    balancer.close();
  });
  await once(balancer, "listening");
  const { port } = balancer.address() as AddressInfo;
  const client = connect(`http://127.0.0.1:${port}`);
  for (let login = 1; login <= 3; login += 1) {
    const result = await withLockout(client, user, "password", () => true);
    expect(result.public.code).toBe("try_later");
  }
});

test("a server that is down refuses the login, and nothing is compared (I15)", async () => {
  const server = await start(await openDirectory());
  await server.close();
  const verify = vi.fn(() => true);
  const result = await withLockout(
    connect(server.url),
    user,
    "password",
    verify,
  );
  expect(verify).not.toHaveBeenCalled();
  expect(result.accepted).toBe(false);
  expect(result.public.code).toBe("try_later");
  expect(result.private.outcome).toBe("unavailable");
  expect(ConnectError.from(result.private.error).code).toBe(Code.Unavailable);
});

test("a server that restarts while the secret is compared still has the attempt (I7)", async () => {
  const directory = await openDirectory();
  const server = await start(directory);
  const client = connect(server.url);
  await withLockout(client, user, "password", () => false);
  const result = await withLockout(client, user, "password", async () => {
    await server.close();
    await start(directory, server.port);
    return true;
  });
  expect(result.accepted).toBe(true);

  const after = await withLockout(client, user, "password", () => false);
  expect(after.private).toMatchObject({ outcome: "wrong", failedAttempts: 1 });
});

test("a server that comes back while the attempt is being completed is found", async () => {
  const directory = await openDirectory();
  const server = await start(directory);
  const failed = Promise.withResolvers<unknown>();
  const client = clientWith(server.url, token, (next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      failed.resolve(error);
      throw error;
    }
  });
  const login = withLockout(
    client,
    user,
    "password",
    async () => {
      await server.close();
      return false;
    },
    { completeTimeoutMs: 60_000 },
  );
  await failed.promise;
  await start(directory, server.port);
  expect((await login).private).toMatchObject({
    outcome: "wrong",
    failedAttempts: 1,
  });
});

test("a server that stays away refuses the login, though the secret was right (I15)", async () => {
  const shown = [];
  for (const verdict of [true, false]) {
    const server = await start(await openDirectory());
    const verify = vi.fn(async () => {
      await server.close();
      return verdict;
    });
    const result = await withLockout(
      connect(server.url),
      user,
      "password",
      verify,
      { completeTimeoutMs: 200 },
    );
    expect(verify).toHaveBeenCalledOnce();
    expect(result.accepted).toBe(false);
    expect(result.private.outcome).toBe("unavailable");
    shown.push(result.public);
  }
  expect(shown[0]).toEqual(shown[1]);
});

test("an error out of verify comes through though the server is away", async () => {
  const server = await start(await openDirectory());
  const fault = new Error("the database is away too");
  await expect(
    withLockout(
      connect(server.url),
      user,
      "password",
      async () => {
        await server.close();
        throw fault;
      },
      { completeTimeoutMs: 0 },
    ),
  ).rejects.toBe(fault);
});
