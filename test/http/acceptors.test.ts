import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { Acceptors } from "../../src/http/connection/acceptors.ts";
import { isShared } from "../../src/http/connection/shared-port.ts";
import { createHttpServer } from "../../src/http/http-server.ts";
import { startServer, stopServers } from "./support.ts";

afterEach(stopServers);

const host = "127.0.0.1";

/** Opens connections one after the other: none waits for being accepted. */
async function connect(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let index = 0; index < count; index += 1) {
    const socket = net.connect(port, host);
    await once(socket, "connect");
    sockets.push(socket);
  }
  return sockets;
}

test.runIf(process.platform === "linux")(
  "hundreds of connections that come at once are accepted in some turns of the event loop",
  async () => {
    const accepted: Socket[] = [];
    const server = net.createServer((socket) => accepted.push(socket));
    const acceptors = new Acceptors(server);
    const { port } = await acceptors.listen(host, 0);
    let turns = 0;
    const clients = Array.from({ length: 320 }, () => net.connect(port, host));
    await new Promise<void>((resolve) => {
      const next = () => {
        turns += accepted.length > 0 ? 1 : 0;
        if (accepted.length === clients.length) {
          resolve();
        } else {
          setImmediate(next);
        }
      };
      next();
    });
    expect(turns).toBeLessThan(160);
    acceptors.close();
    for (const socket of [...clients, ...accepted]) {
      socket.destroy();
    }
  },
);

test("a port on which another server listens is refused", async () => {
  const { port } = await startServer({});
  const second = createHttpServer({});
  await expect(second.listen({ host, port })).rejects.toMatchObject({
    code: "EADDRINUSE",
  });
  const plain = net.createServer().listen(0, host);
  await once(plain, "listening");
  const taken = (plain.address() as AddressInfo).port;
  await expect(second.listen({ host, port: taken })).rejects.toMatchObject({
    code: "EADDRINUSE",
  });
  plain.close();
  await second.close();
});

test.runIf(process.platform === "linux")(
  "another process that shares the port, as servers that start at once may, is seen",
  async () => {
    const other = spawn(
      process.execPath,
      [
        "-e",
        `const server = require("node:net").createServer();
        server.listen({ host: "${host}", port: 0, reusePort: true }, () => console.log(server.address().port));
        process.stdin.on("end", () => process.exit()).resume();`,
      ],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    const [line] = (await once(other.stdout, "data")) as [Buffer];
    const port = Number(line.toString());
    const server = net.createServer();
    server.listen({ host, port, reusePort: true });
    await once(server, "listening");
    expect(await isShared(port)).toBe(true);
    other.stdin.end();
    await once(other, "exit");
    expect(await isShared(port)).toBe(false);
    server.close();
  },
);

test("a server listens on the port that it is given, and lets go of it", async () => {
  const { port, server } = await startServer({});
  await server.close();
  const second = createHttpServer({});
  expect(await second.listen({ host, port })).toEqual({ host, port });
  await second.close();
  for (let tries = 0; tries < 40; tries += 1) {
    const socket = net.connect(port, host);
    await expect(once(socket, "connect")).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
  }
});

test("whichever socket accepts a connection, malformed bytes get their response", async () => {
  const { port } = await startServer({});
  const sockets = await connect(port, 40);
  for (const socket of sockets) {
    socket.write("NO HTTP\r\n\r\n");
    const [data] = (await once(socket, "data")) as [Buffer];
    expect(data.toString()).toMatch(/^HTTP\/1\.1 400 /);
    socket.destroy();
  }
});
