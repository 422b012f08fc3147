import { once } from "node:events";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import path from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { VersionChoice } from "../../src/http/connection/version-choice.ts";
import { HeldTurns } from "./held-turns.ts";

const pem = (name: string) =>
  readFileSync(path.join(import.meta.dirname, "certificates", name));

test.each([false, true])(
  "nothing is read of a connection before its turn (TLS: %s)",
  async (isTls) => {
    const respond: http.RequestListener = (_request, response) => {
      response.end("served");
    };
    const tls = { cert: pem("server.crt"), key: pem("server.key") };
    const server = isTls
      ? https.createServer(tls, respond)
      : http.createServer(respond);
    const turns = new HeldTurns();
    const accepted: Socket[] = [];
    new VersionChoice(server, {
      ...{ isTls, prefaceTimeoutMs: 0, turns },
      admit: (socket) => accepted.push(socket) > 0,
      onHttp1: () => undefined,
      onHttp2: () => undefined,
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const options = { host: "127.0.0.1", port, agent: false, ca: tls.cert };
    const request = isTls ? https.get(options) : http.get(options);
    const response = once(request, "response");
    while (turns.held.length === 0) {
      await turn();
    }
    const [socket] = accepted;
    for (let turnsOfLoop = 0; turnsOfLoop < 100; turnsOfLoop += 1) {
      await turn();
    }
    expect(socket?.bytesRead).toBe(0);
    turns.held[0]?.();
    const [{ statusCode }] = (await response) as [http.IncomingMessage];
    expect(statusCode).toBe(200);
    request.destroy();
    server.close();
  },
);
