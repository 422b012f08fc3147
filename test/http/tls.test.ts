import { once } from "node:events";
import { readFile } from "node:fs/promises";
import http2 from "node:http2";
import https from "node:https";
import net from "node:net";
import path from "node:path";
import tls from "node:tls";
import type { ConnectionOptions } from "node:tls";
import { createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
} from "@connectrpc/connect-node";
import { afterEach, expect, test } from "vitest";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../gen/grpc/health/v1/health_pb.js";
import { createHealth } from "../../src/http/services/health.ts";
import type { HttpLimits } from "../../src/http/limits.ts";
import { fingerprintOf, servedCertificate } from "../support/certificate.ts";
import { startServer, stopServers } from "./support.ts";

afterEach(stopServers);

const pem = (name: string) =>
  readFile(path.join(import.meta.dirname, "certificates", name));
const cert = await pem("server.crt");
const key = await pem("server.key");
const clientCert = await pem("client.crt");
const clientKey = await pem("client.key");

function serve(limits: Partial<HttpLimits> = {}, clientCa?: Buffer) {
  const health = createHealth([]);
  return startServer({
    openServices: [health.service],
    limits,
    tls: { cert, key, ...(clientCa === undefined ? {} : { clientCa }) },
    onDrain: () => {
      health.drain();
    },
  });
}

const trusting: ConnectionOptions = { ca: cert };

test("ALPN chooses the HTTP version", async () => {
  const { url, server, ended } = await serve();
  const transports = [
    createGrpcTransport({ baseUrl: url, nodeOptions: trusting }),
    createConnectTransport({
      baseUrl: url,
      httpVersion: "2",
      nodeOptions: trusting,
    }),
    createConnectTransport({
      baseUrl: url,
      httpVersion: "1.1",
      nodeOptions: { ...trusting, agent: new https.Agent(trusting) },
    }),
  ];
  for (const transport of transports) {
    const { status } = await createClient(Health, transport).check({});
    expect(status).toBe(ServingStatus.SERVING);
  }
  const records = await ended(3);
  expect(records.map(({ httpVersion }) => httpVersion)).toEqual([
    "2.0",
    "2.0",
    "1.1",
  ]);
  await server.close();
});

test("a client without ALPN speaks HTTP/1.1", async () => {
  const { port } = await serve();
  const socket = tls.connect({ port, host: "127.0.0.1", ...trusting });
  socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(socket, "close");
  expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 404 /);
});

test("with a client CA, only its clients are let in", async () => {
  const { url, port } = await serve({}, clientCert);
  const known = createClient(
    Health,
    createGrpcTransport({
      baseUrl: url,
      nodeOptions: { ...trusting, cert: clientCert, key: clientKey },
    }),
  );
  expect((await known.check({})).status).toBe(ServingStatus.SERVING);
  for (const identity of [{}, { cert, key }]) {
    const stranger = tls.connect({
      port,
      host: "127.0.0.1",
      ...trusting,
      ...identity,
    });
    stranger.on("error", () => undefined);
    stranger.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = "";
    stranger.on("data", (chunk: Buffer) => {
      answer += chunk.toString();
    });
    await new Promise((resolve) => stranger.once("close", resolve));
    expect(answer).toBe("");
  }
});

test("whichever socket accepts a connection, one that its client ends before the handshake ends at once", async () => {
  const { port } = await serve();
  for (let tries = 0; tries < 32; tries += 1) {
    const socket = net.connect({
      port,
      host: "127.0.0.1",
      allowHalfOpen: true,
    });
    socket.resume();
    socket.end();
    await once(socket, "close");
  }
});

test("connections whose handshake has not begun do not hold up the end, and a request that runs is served", async () => {
  const { port, server } = await serve({ shutdownGraceMs: 5000 });
  const silent = Array.from({ length: 20 }, () => {
    const socket = net.connect(port, "127.0.0.1");
    // The system resets those that the server has not accepted yet.
    socket.on("error", () => undefined).resume();
    return new Promise((resolve) => socket.once("close", resolve));
  });
  const client = tls.connect({ port, host: "127.0.0.1", ...trusting });
  client.write("GET /debug/unknown HTTP/1.1\r\nHost: a\r\nContent-");
  await once(client, "secureConnect");
  const closed = server.close();
  // After idle connections were closed.
  await Promise.all(silent);
  client.write("Length: 0\r\n\r\n");
  const [response] = (await once(client, "data")) as [Buffer];
  expect(response.toString()).toMatch(/^HTTP\/1\.1 404 /);
  client.destroy();
  await closed;
});

test("what is no TLS, and a handshake that stops, end their connections only", async () => {
  const { url, port, faults } = await serve({ headersTimeoutMs: 100 });
  const closed = (bytes: string | Buffer) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.resume();
    socket.write(bytes);
    return new Promise((resolve) => socket.once("close", resolve));
  };
  await closed("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await closed(Buffer.from([0x16, 3, 1, 2, 0, 1]));
  await closed("");
  // On a busy machine a good handshake may come too late, too.
  let answer: unknown;
  while (answer === undefined) {
    const session = http2.connect(url, trusting);
    session.on("error", () => undefined);
    const stream = session.request({ ":path": "/" });
    answer = await once(stream, "response").then(
      ([header]) => header as unknown,
      () => undefined,
    );
    session.destroy();
  }
  expect(answer).toMatchObject({ ":status": 404 });
  expect(faults).toEqual([]);
});

test("a connection that has agreed on HTTP/2 and says nothing is closed", async () => {
  const { port } = await serve({ headersTimeoutMs: 100 });
  const socket = tls.connect({
    port,
    host: "127.0.0.1",
    ALPNProtocols: ["h2"],
    ...trusting,
  });
  socket.resume();
  await once(socket, "close");
});

test("pipelined requests take turns under TLS, too", async () => {
  const { port, ended } = await serve();
  const socket = tls.connect({ port, host: "127.0.0.1", ca: cert });
  let received = "";
  const count = 100;
  const all = new Promise<void>((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
      if (received.split("HTTP/1.1 404").length > count) {
        resolve();
      }
    });
  });
  socket.write("GET /none HTTP/1.1\r\nHost: a\r\n\r\n".repeat(count));
  await all;
  await ended(count);
  socket.destroy();
});

test("another certificate is for new connections, and those that are open stay", async () => {
  const { server, url, port } = await serve();
  const session = http2.connect(url, trusting);
  const check = async () => {
    const stream = session.request({ ":path": "/" });
    const [header] = (await once(stream, "response")) as [
      http2.IncomingHttpHeaders,
    ];
    stream.close();
    return header[":status"];
  };
  expect(await check()).toBe(404);
  server.renewTls({ cert: clientCert, key: clientKey });
  expect(await servedCertificate(port)).toBe(fingerprintOf(clientCert));
  expect(await check()).toBe(404);
  session.destroy();
});

test("a certificate that its key is not of is refused, and changes nothing", async () => {
  const { server, port } = await serve();
  expect(() => {
    server.renewTls({ cert: clientCert, key });
  }).toThrow(/key values mismatch/);
  expect(() => {
    server.renewTls({ cert: "none", key });
  }).toThrow();
  expect(await servedCertificate(port)).toBe(fingerprintOf(cert));
  const { server: open } = await startServer({});
  expect(() => {
    open.renewTls({ cert, key });
  }).toThrow("no TLS");
});
