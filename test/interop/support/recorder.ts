/**
 * Stands between a client and a server, and writes down what the client sends: the fixtures of `replay.test.ts`.
 *
 *     node test/interop/support/recorder.ts LISTEN_PORT SERVER_PORT CLIENT FILE
 *
 * and the client with LOCKOUTD_ADDRESS=127.0.0.1:LISTEN_PORT. What differs from run to run is a placeholder: {address}, {token}, {assertion},
 * {basic}, {secret}. Only first requests of a kind are kept.
 */
import { writeFileSync } from "node:fs";
import {
  createServer as createHttp1,
  request as requestHttp1,
} from "node:http";
import {
  connect as connectHttp2,
  createServer as createHttp2,
} from "node:http2";
import { createServer } from "node:net";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

const [listenPort = "", serverPort = "", client = "", file = ""] =
  process.argv.slice(2);

/** Of the calls those that name nothing. */
const kept =
  /^\/(?:\.well-known\/openid-configuration|oauth\/v2\/(?:token|keys|introspect)|.*\/(?:GetLockoutPolicy|GetLockoutSettings|GetMyUser|UpdateLockoutPolicy))$/;

type Headers = readonly (readonly [string, string])[];

const recorded = new Map<string, object>();

function record(
  protocol: "HTTP/1.1" | "HTTP/2",
  method: string,
  path: string,
  headers: Headers,
  body: Buffer,
  response: object,
): void {
  const text = protocol === "HTTP/1.1" ? hide(body.toString()) : undefined;
  const kind = `${method} ${path} ${/grant_type=[^&]*/.exec(text ?? "")?.[0] ?? ""} ${headers.some(([name]) => name.toLowerCase() === "authorization")}`;
  if (!kept.test(path) || recorded.has(kind)) {
    return;
  }
  recorded.set(kind, {
    ...{ protocol, method, path },
    headers: headers.map(([name, value]) => [name, hide(value)]),
    body: text ?? body.toString("base64"),
    ...assertionIn(body.toString()),
    response,
  });
  const requests = [...recorded.values()];
  writeFileSync(
    file,
    `${JSON.stringify({ client, requests }, undefined, 2)}\n`,
  );
}

/** What an assertion says beside its issuer and its key. */
function assertionIn(body: string): object {
  const form = new URLSearchParams(body);
  const assertion = form.get("assertion") ?? form.get("client_assertion");
  if (assertion === null) {
    return {};
  }
  const [head, content] = assertion
    .split(".")
    .slice(0, 2)
    .map(
      (part) =>
        JSON.parse(Buffer.from(part, "base64url").toString()) as Record<
          string,
          unknown
        >,
    );
  const { kid: keyId, ...header } = head ?? {};
  const { iss: issuer, sub: subject, aud, iat, exp, ...claims } = content ?? {};
  if (keyId === undefined || issuer !== subject) {
    throw new Error("an assertion without a key, or of another subject");
  }
  return {
    assertion: {
      ...{ header, claims, isAudienceText: typeof aud === "string" },
      lifetime: Number(exp) - Number(iat),
    },
  };
}

function hide(text: string): string {
  return text
    .replaceAll(`127.0.0.1:${listenPort}`, "{address}")
    .replaceAll(encodeURIComponent(`127.0.0.1:${listenPort}`), "{address}")
    .replaceAll(/\b(Bearer|bearer) \S+/g, "$1 {token}")
    .replaceAll(/\bBasic \S+/g, "Basic {basic}")
    .replaceAll(/\btoken=[^&]+/g, "token={token}")
    .replaceAll(/assertion=[^&]+/g, "assertion={assertion}")
    .replaceAll(/client_secret=[^&]+/g, "client_secret={secret}")
    .replaceAll(/client_id=(?!None)[^&]+/g, "client_id={clientId}");
}

function pairs(flat: readonly string[]): Headers {
  return flat.flatMap((name, at) =>
    at % 2 === 0 ? [[name, flat[at + 1] ?? ""] as const] : [],
  );
}

const http1 = createHttp1((request, response) => {
  void (async () => {
    const { method = "", url = "" } = request;
    const body = await buffer(request);
    const answer = requestHttp1({
      ...{ host: "127.0.0.1", port: Number(serverPort), method, path: url },
      headers: request.rawHeaders as unknown as Record<string, string>,
    });
    answer.end(body);
    answer.on("response", (got) => {
      void buffer(got).then((bytes) => {
        const { statusCode: status = 0 } = got;
        record("HTTP/1.1", method, url, pairs(request.rawHeaders), body, {
          ...{ status, type: got.headers["content-type"] },
          keys: keysOf(bytes),
        });
        response.writeHead(status, got.rawHeaders).end(bytes);
      });
    });
  })();
});

function keysOf(bytes: Buffer): readonly string[] {
  return Object.keys(JSON.parse(bytes.toString()) as object).sort();
}

const http2 = createHttp2();
http2.on("stream", (stream, headers, _flags, rawHeaders) => {
  void (async () => {
    const body = await buffer(stream as Readable);
    const upstream = connectHttp2(`http://127.0.0.1:${serverPort}`);
    const call = upstream.request(headers);
    call.on("close", () => {
      upstream.close();
    });
    call.end(body);
    let trailers: Record<string, unknown> = {};
    call.on("trailers", (got) => {
      trailers = got;
    });
    call.on("response", (got) => {
      void buffer(call as Readable).then((bytes) => {
        record(
          ...([
            "HTTP/2",
            headers[":method"] ?? "",
            headers[":path"] ?? "",
          ] as const),
          pairs(rawHeaders),
          body,
          {
            status: got[":status"],
            grpcStatus: got["grpc-status"] ?? trailers["grpc-status"],
          },
        );
        stream.respond(got, { waitForTrailers: true });
        stream.on("wantTrailers", () => {
          stream.sendTrailers(trailers as Record<string, string>);
        });
        stream.end(bytes);
      });
    });
  })();
});

createServer((socket) => {
  socket.once("data", (first) => {
    socket.pause();
    const server = first.toString("latin1").startsWith("PRI ") ? http2 : http1;
    server.emit("connection", socket);
    socket.unshift(first);
    socket.resume();
  });
  socket.on("error", () => undefined);
}).listen(Number(listenPort), "127.0.0.1");
