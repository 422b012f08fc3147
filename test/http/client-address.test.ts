import { once } from "node:events";
import net from "node:net";
import { afterEach, expect, test } from "vitest";
import { debugPages } from "../../src/http/pages/debug-pages.ts";
import { callHttp2 } from "./http2-call.ts";
import { rawExchange, startServer, stopServers } from "./support.ts";

const sockets: net.Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) {
    socket.destroy();
  }
  await stopServers();
});

const pages = debugPages(() => true);

test("a request is of whom trusted proxies have it from, over both HTTP versions", async () => {
  const { url, ended } = await startServer({
    pages,
    trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"],
  });
  await (
    await fetch(`${url}/debug/healthz`, {
      headers: { "x-forwarded-for": "192.0.2.66, 203.0.113.7, 10.0.0.2" },
    })
  ).text();
  await callHttp2(
    url,
    {
      ":path": "/debug/healthz",
      forwarded: "for=192.0.2.66",
      // A second field of a name goes on where the first one ends.
      "x-forwarded-for": ["192.0.2.66", "::FFFF:203.0.113.8"],
    },
    Buffer.alloc(0),
  );
  await callHttp2(
    url,
    {
      ":path": "/debug/healthz",
      forwarded: 'for="[2001:DB8::1]:80"',
    },
    Buffer.alloc(0),
  );
  const records = await ended(3);
  expect(records.map(({ remoteAddress }) => remoteAddress)).toEqual([
    "203.0.113.7",
    "127.0.0.1",
    "2001:db8::1",
  ]);
});

test("nobody is believed whom the operator does not name", async () => {
  const { url, ended } = await startServer({ pages });
  await (
    await fetch(`${url}/debug/healthz`, {
      headers: { "x-forwarded-for": "203.0.113.7" },
    })
  ).text();
  expect(await ended(1)).toMatchObject([{ remoteAddress: "127.0.0.1" }]);
});

test("an IPv4 client of an IPv6 socket has its IPv4 address, what is no request too", async () => {
  const { port, ended } = await startServer({ pages }, "::");
  await (await fetch(`http://127.0.0.1:${port}/debug/healthz`)).text();
  await rawExchange(port, "\0\r\n\r\n");
  expect(await ended(2)).toMatchObject([
    { remoteAddress: "127.0.0.1", status: 200 },
    { remoteAddress: "127.0.0.1", status: 400 },
  ]);
});

test.each([
  ["none of another client", [], false],
  ["any number of a trusted proxy", ["127.0.0.1"], true],
])(
  "beyond --max-connections-per-address: %s",
  async (_name, trustedProxies, isServed) => {
    const { port } = await startServer({
      pages,
      trustedProxies,
      limits: { maxConnectionsPerAddress: 1 },
    });
    const connect = async () => {
      const socket = net.connect(port, "127.0.0.1");
      sockets.push(socket);
      socket.on("error", () => undefined);
      await once(socket, "connect");
      socket.write("GET /debug/healthz HTTP/1.1\r\nHost: test\r\n\r\n");
      return Promise.race([
        once(socket, "data").then(() => true),
        once(socket, "close").then(() => false),
      ]);
    };
    expect(await connect()).toBe(true);
    expect(await connect()).toBe(isServed);
  },
);
