import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { afterEach, expect, test } from "vitest";
import { ConnectionAge } from "../../src/http/connection/exchange/age.ts";
import { defaultLimits } from "../../src/http/limits.ts";
import { serveLockout, stopServers } from "./support.ts";

afterEach(stopServers);

const limits = { maxConnectionAgeMs: 300, maxConnectionAgeGraceMs: 300 };

test("HTTP/2: GOAWAY, what runs goes on, and is ended after the grace", async () => {
  const { url, adminToken } = await serveLockout({
    ...limits,
    maxConnectionAgeGraceMs: 600,
  });
  const session = http2.connect(url);
  const stream = session.request({
    ":method": "POST",
    ":path": "/lockout.v1.AttemptService/WatchEvents",
    "content-type": "application/grpc",
    te: "trailers",
    authorization: `Bearer ${adminToken}`,
  });
  const trailers = once(stream, "trailers");
  stream.end(Buffer.alloc(5));
  stream.resume();
  const [code, lastStream] = (await once(session, "goaway")) as [
    number,
    number,
  ];
  expect({ code, lastStream }).toEqual({ code: 0, lastStream: 1 });
  expect(stream.closed).toBe(false);
  const [trailer] = (await trailers) as [http2.IncomingHttpHeaders];
  expect(trailer["grpc-status"]).toBe("14");
  await once(session, "close");
});

test("HTTP/2: a connection without a call ends by GOAWAY", async () => {
  const { url } = await serveLockout(limits);
  const session = http2.connect(url);
  expect(((await once(session, "goaway")) as [number])[0]).toBe(0);
  await once(session, "close");
});

test("HTTP/1.1: a stream is ended after the grace, and told why", async () => {
  const { url, adminToken } = await serveLockout(limits);
  const response = await fetch(`${url}/lockout/v1/events:watch`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  expect(response.status).toBe(200);
  expect(JSON.parse(await response.text())).toMatchObject({
    error: { code: 14 },
  });
});

test("HTTP/1.1: a response after the age says that the connection closes", async () => {
  const { port } = await serveLockout({ maxConnectionAgeMs: 60 });
  const socket = net.connect(port, "127.0.0.1");
  socket.setEncoding("latin1");
  const request = "GET /debug/healthz HTTP/1.1\r\nHost: a\r\n\r\n";
  let last = "";
  socket.on("data", (text: string) => {
    last = text;
    if (!/^connection: close/im.test(text)) {
      socket.write(request);
    }
  });
  socket.write(request);
  await once(socket, "close");
  expect(last).toMatch(/^HTTP\/1\.1 200 /);
  expect(last).toMatch(/^connection: close/im);
});

test("HTTP/1.1: an idle connection ends", async () => {
  const { port } = await serveLockout(limits);
  const socket = net.connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => {
    text += String(chunk);
  });
  socket.write("GET /debug/healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  await once(socket, "close");
  expect(text).toMatch(/^HTTP\/1\.1 200 /);
});

test("connections that were opened together end at different times", () => {
  const age = (random: number) =>
    new ConnectionAge(
      {
        ...defaultLimits,
        maxConnectionAgeMs: 1000,
        maxConnectionAgeGraceMs: 500,
      },
      10_000,
      random,
    );
  expect(age(0).isOver(10_899)).toBe(false);
  expect(age(0).isOver(10_900)).toBe(true);
  expect(age(1).isOver(11_099)).toBe(false);
  expect(age(1).isOver(11_100)).toBe(true);
  expect(age(0.5).isPastGrace(11_499)).toBe(false);
  expect(age(0.5).isPastGrace(11_500)).toBe(true);
});

test("no age is for ever, and no grace has no end", () => {
  const forever = new ConnectionAge(defaultLimits, 0, 0.5);
  expect(forever.isLimited).toBe(false);
  expect(forever.isOver(Number.MAX_VALUE)).toBe(false);
  const graceless = new ConnectionAge(
    {
      ...defaultLimits,
      maxConnectionAgeMs: 1000,
      maxConnectionAgeGraceMs: 0,
    },
    0,
    0.5,
  );
  expect(graceless.isOver(1000)).toBe(true);
  expect(graceless.isPastGrace(Number.MAX_VALUE)).toBe(false);
});
