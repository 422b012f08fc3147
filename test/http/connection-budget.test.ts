import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import type { HttpLimits } from "../../src/http/limits.ts";
import { staticFile } from "../../src/http/pages/static-file.ts";
import type { StaticRoute } from "../../src/http/pages/static-route.ts";
import {
  endHeaders,
  endStream,
  frame,
  frameType,
  RawHttp2,
} from "./raw-http2.ts";
import { getHead, servePages, stopServers } from "./support.ts";

afterEach(stopServers);

const large = staticFile("/large", Buffer.alloc(1_700_000, "a"), {});

/** A page that counts who is at it, and responds when it is told. */
function gatedPage(path: string) {
  const waiting: (() => void)[] = [];
  let most = 0;
  let begun = 0;
  const page: StaticRoute = {
    path,
    respond: async () => {
      begun += 1;
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        most = Math.max(most, waiting.length);
      });
      return { status: 204, header: new Headers() };
    },
  };
  return {
    page,
    most: () => most,
    begun: () => begun,
    open: () => {
      for (const respond of waiting.splice(0)) {
        respond();
      }
    },
  };
}

function serve(
  limits: Partial<HttpLimits> = {},
  pages: readonly StaticRoute[] = [],
) {
  return servePages(limits, [large, ...pages]);
}

function connect(port: number) {
  const socket = net.connect(port, "127.0.0.1");
  let rest = "";
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => {
      resolve();
    });
  });
  return {
    socket,
    closed,
    /** Reads until so many responses have come, or the connection has ended. */
    responses: async (count: number) => {
      const statuses: number[] = [];
      await new Promise<void>((resolve) => {
        void closed.then(resolve);
        socket.on("data", (chunk) => {
          const lines = (rest + chunk.toString("latin1")).split("\r\n");
          rest = lines.pop() ?? "";
          for (const line of lines) {
            const status = /HTTP\/1\.1 (\d+) /.exec(line.slice(-40))?.[1];
            if (status !== undefined) {
              statuses.push(Number(status));
            }
          }
          if (statuses.length >= count) {
            resolve();
          }
        });
        socket.resume();
      });
      return statuses;
    },
  };
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

const flags = endStream | endHeaders;

describe("pipelined requests of HTTP/1.1", () => {
  test("are served one after the other, all of them, in their order", async () => {
    const gated = gatedPage("/gated");
    const { port } = await serve({}, [gated.page]);
    const client = connect(port);
    client.socket.write(
      [get("/gated"), get("/debug/healthz"), get("/gated"), get("/none")].join(
        "",
      ),
    );
    await expect.poll(gated.begun).toBe(1);
    // Others are served meanwhile.
    const other = connect(port);
    other.socket.write(get("/debug/healthz"));
    expect(await other.responses(1)).toEqual([200]);
    other.socket.destroy();
    expect(gated.most()).toBe(1);
    gated.open();
    await expect.poll(gated.begun).toBe(2);
    gated.open();
    expect(await client.responses(4)).toEqual([204, 200, 204, 404]);
    expect(gated.most()).toBe(1);
    client.socket.destroy();
  });

  test("also where their bodies come in pieces, and more than is read at once", async () => {
    const { port } = await serve();
    const client = connect(port);
    const body = "a".repeat(50_000);
    const post = `POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const count = 40;
    client.socket.write(
      Array.from({ length: count }, (_, i) =>
        i % 2 === 0 ? get("/debug/healthz") : post,
      ).join(""),
    );
    const statuses = await client.responses(count);
    expect(statuses).toEqual(
      Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 200 : 404)),
    );
    client.socket.destroy();
  });

  test("nothing is begun behind a response that nobody reads", async () => {
    const { port, records, ended } = await serve();
    const client = connect(port);
    client.socket.pause();
    client.socket.write(get("/large").repeat(100));
    const other = connect(port);
    other.socket.write(get("/debug/healthz"));
    expect(await other.responses(1)).toEqual([200]);
    // What the kernel takes is a few of them at most.
    expect(records.length).toBeLessThan(30);
    expect(await client.responses(100)).toEqual(
      Array.from({ length: 100 }, () => 200),
    );
    await ended(101);
    client.socket.destroy();
    other.socket.destroy();
  });

  test("what follows them and is no HTTP is refused after them", async () => {
    const gated = gatedPage("/gated");
    const { port } = await serve({}, [gated.page]);
    const client = connect(port);
    client.socket.write(`${get("/gated")}${get("/debug/healthz")}no HTTP\r\n`);
    await expect.poll(gated.begun).toBe(1);
    gated.open();
    expect(await client.responses(3)).toEqual([204, 200]);
    await client.closed;
  });

  test("beyond what a connection may hold: the last one is told, and the connection ends", async () => {
    const gated = gatedPage("/gated");
    const { port, records } = await serve(
      { maxHeldBytesPerConnection: 64 * 1024 },
      [gated.page],
    );
    const client = connect(port);
    client.socket.write(get("/gated") + get("/debug/healthz").repeat(500));
    await expect.poll(gated.begun).toBe(1);
    gated.open();
    const statuses = await client.responses(501);
    await client.closed;
    expect(statuses.length).toBeLessThan(20);
    expect(statuses.slice(0, 2)).toEqual([204, 200]);
    expect(statuses.at(-1)).toBe(503);
    expect(records).toHaveLength(statuses.length);
  });

  test("a client that leaves takes its waiting requests along, though nothing is read meanwhile", async () => {
    const gated = gatedPage("/gated");
    const { port, records, ended } = await serve({}, [gated.page]);
    const client = connect(port);
    client.socket.write(get("/gated").repeat(10));
    await expect.poll(gated.begun).toBe(1);
    client.socket.destroy();
    await ended(1);
    gated.open();
    const other = connect(port);
    other.socket.write(get("/debug/healthz"));
    expect(await other.responses(1)).toEqual([200]);
    expect(gated.begun()).toBe(1);
    await ended(2);
    expect(records).toHaveLength(2);
    other.socket.destroy();
  });
});

describe("an HTTP/2 connection that holds too much", () => {
  test("has its next requests wait until there is room", async () => {
    const gated = gatedPage("/gated");
    const { port } = await serve({ maxHeldBytesPerConnection: 30 * 1024 }, [
      gated.page,
    ]);
    const client = new RawHttp2(port).start();
    for (let stream = 1; stream < 20; stream += 2) {
      client.write(frame(frameType.headers, flags, stream, getHead("/gated")));
    }
    await expect.poll(gated.begun).toBe(3);
    for (let begun = 6; begun < 12; begun += 3) {
      gated.open();
      await expect.poll(gated.begun).toBe(Math.min(begun, 10));
    }
    gated.open();
    await expect.poll(gated.begun).toBe(10);
    gated.open();
    await client.find(
      ({ type, stream }) => type === frameType.headers && stream === 19,
    );
    expect(gated.most()).toBe(3);
    client.socket.destroy();
  });

  test("a request that has waited for too long is refused", async () => {
    const gated = gatedPage("/gated");
    const { url } = await serve({ maxHeldBytesPerConnection: 1 }, [gated.page]);
    const session = http2.connect(url);
    const first = session.request({ ":path": "/gated" });
    const second = session.request({ ":path": "/debug/healthz" });
    const third = session.request({
      ":method": "POST",
      ":path": "/a.B/C",
      "content-type": "application/grpc",
      te: "trailers",
    });
    const [[header], [grpc]] = (await Promise.all([
      once(second, "response"),
      once(third, "response"),
    ])) as [Record<string, unknown>[], Record<string, unknown>[]];
    expect(header).toMatchObject({ ":status": 503, "retry-after": "1" });
    expect(grpc).toMatchObject({ ":status": 200, "grpc-status": "14" });
    const response = once(first, "response");
    gated.open();
    await response;
    session.destroy();
  });
});

describe("a server that holds too much", () => {
  test("refuses those who fill it, and serves who comes from elsewhere meanwhile", async () => {
    const gated = gatedPage("/gated");
    // Room for 85 calls, and for ten more of others; none ends within its first second.
    const { port, records, ended } = await serve(
      { maxHeldBytes: 1024 * 1024, maxStreamsPerConnection: 200 },
      [gated.page],
    );
    const greedy = new RawHttp2(port).start();
    greedy.write(
      ...Array.from({ length: 100 }, (_, index) =>
        frame(frameType.headers, flags, 2 * index + 1, getHead("/gated")),
      ),
    );
    await ended(1);
    expect(records[0]?.status).toBe(503);
    const other = net.connect({
      ...{ port, host: "127.0.0.1", localAddress: "127.0.0.2" },
    });
    other.write(
      "GET /debug/healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    expect(await text(other)).toMatch(/^HTTP\/1\.1 200 /);
    greedy.socket.destroy();
  });

  test("ends the connections that hold most for longest; others go on", async () => {
    const gated = gatedPage("/gated");
    const { port, url, records } = await serve(
      { maxHeldBytes: 1024 * 1024, maxStreamsPerConnection: 200 },
      [gated.page],
    );
    const honest = new RawHttp2(port).start();
    honest.write(frame(frameType.headers, flags, 1, getHead("/gated")));
    await expect.poll(gated.begun).toBe(1);
    const greedy = new RawHttp2(port).start();
    for (let stream = 1; stream < 400; stream += 2) {
      greedy.write(frame(frameType.headers, flags, stream, getHead("/gated")));
    }
    const goaway = await greedy.find(({ type }) => type === frameType.goaway);
    // ENHANCE_YOUR_CALM
    expect(goaway?.payload.readUInt32BE(4)).toBe(11);
    await greedy.closed;
    await expect
      .poll(async () => (await fetch(`${url}/debug/healthz`)).status)
      .toBe(200);
    // What was beyond has been told.
    expect(records.filter(({ status }) => status === 503)).not.toEqual([]);
    gated.open();
    const response = await honest.find(
      ({ type, stream }) => type === frameType.headers && stream === 1,
    );
    expect(response).toBeDefined();
    honest.socket.destroy();
  });

  test("a response that nobody reads is what a connection holds", async () => {
    const chunk = new Uint8Array(300_000);
    const page: StaticRoute = {
      path: "/stream",
      respond: () => ({
        status: 200,
        header: new Headers(),
        body: (async function* () {
          for (;;) {
            yield chunk;
          }
        })(),
      }),
    };
    const { port, url, ended } = await serve({ maxHeldBytes: 3_000_000 }, [
      page,
    ]);
    const greedy = new RawHttp2(port);
    greedy.start();
    greedy.socket.pause();
    for (let stream = 1; stream < 100; stream += 2) {
      greedy.write(frame(frameType.headers, flags, stream, getHead("/stream")));
    }
    // Cut, or refused.
    await ended(50);
    expect((await fetch(`${url}/debug/healthz`)).status).toBe(200);
    greedy.socket.destroy();
  });
});

test("the server has its share of connections, and gets it back", async () => {
  const { port } = await serve({ maxConnections: 2 });
  const clients = [connect(port), connect(port), connect(port)];
  for (const { socket } of clients) {
    socket.write(get("/debug/healthz"));
  }
  const statuses = await Promise.all(
    clients.map(({ responses }) => responses(1)),
  );
  expect(statuses.flat()).toEqual([200, 200]);
  for (const { socket } of clients) {
    socket.destroy();
  }
  await expect
    .poll(async () => {
      const client = connect(port);
      client.socket.write(get("/debug/healthz"));
      const answered = await client.responses(1);
      client.socket.destroy();
      return answered;
    })
    .toEqual([200]);
});

describe("streams of HTTP/2 that are no requests end the connection", () => {
  const limits = { streamResetBurst: 20, streamResetRate: 1 };
  const calm = async (client: RawHttp2) => {
    const goaway = await client.find(({ type }) => type === frameType.goaway);
    await client.closed;
    return goaway?.payload.readUInt32BE(4);
  };

  test("those whose header Node does not take, and resets", async () => {
    const { port, url, records } = await serve(limits);
    const client = new RawHttp2(port).start();
    // :method, :scheme, :path, authority; then a field for the dynamic table, to which the others refer.
    const pseudo = Buffer.from([0x82, 0x86, 0x84, 0x01, 1, 0x61]);
    const field = Buffer.concat([
      Buffer.from([0x40, 1, 0x78, 0x7f, 0xbd, 0x1d]),
      Buffer.alloc(3900, "a"),
    ]);
    client.write(
      frame(frameType.headers, flags, 1, Buffer.concat([pseudo, field])),
    );
    const many = Buffer.concat([pseudo, Buffer.alloc(300, 0xbe)]);
    for (let stream = 3; stream < 80; stream += 2) {
      client.write(frame(frameType.headers, flags, stream, many));
    }
    expect(await calm(client)).toBe(11);
    expect(records.length).toBeLessThan(3);
    expect((await fetch(`${url}/debug/healthz`)).status).toBe(200);
  });

  test("those that a client has reset by the server (CVE-2025-8671)", async () => {
    const gated = gatedPage("/gated");
    const { port, url } = await serve(limits, [gated.page]);
    const client = new RawHttp2(port).start();
    for (let stream = 1; stream < 80; stream += 2) {
      client.write(
        frame(frameType.headers, flags, stream, getHead("/gated")),
        // More than a window may hold.
        frame(
          frameType.windowUpdate,
          0,
          stream,
          Buffer.from([0x7f, 255, 255, 255]),
        ),
      );
    }
    // Node is quicker with what it knows itself.
    expect(await calm(client)).toBeDefined();
    expect((await fetch(`${url}/debug/healthz`)).status).toBe(200);
  });

  test("headers that are large only when they are decoded", async () => {
    const { port, url } = await serve();
    const client = new RawHttp2(port).start();
    const pseudo = Buffer.from([0x82, 0x86, 0x84, 0x01, 1, 0x61]);
    const field = Buffer.concat([
      Buffer.from([0x40, 1, 0x78, 0x7f, 0xbd, 0x1d]),
      Buffer.alloc(3900, "a"),
    ]);
    client.write(
      frame(frameType.headers, flags, 1, Buffer.concat([pseudo, field])),
    );
    const four = Buffer.concat([pseudo, Buffer.alloc(4, 0xbe)]);
    const rounds = 20;
    for (let round = 0, stream = 3; round < rounds; round += 1) {
      for (let i = 0; i < 50; i += 1, stream += 2) {
        client.write(frame(frameType.headers, flags, stream, four));
      }
      const last = stream - 2;
      await client.find(
        ({ type, stream: id }) => type === frameType.headers && id === last,
      );
    }
    expect(await calm(client)).toBe(11);
    expect((await fetch(`${url}/debug/healthz`)).status).toBe(200);
  });
});
