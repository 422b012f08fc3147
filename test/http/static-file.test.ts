import { brotliDecompressSync, gunzipSync } from "node:zlib";
import http from "node:http";
import { afterEach, expect, test } from "vitest";
import { staticFile } from "../../src/http/pages/static-file.ts";
import { callHttp2 } from "./http2-call.ts";
import { startServer, stopServers } from "./support.ts";

afterEach(stopServers);

const body = Buffer.from("lockoutd ".repeat(1000));
const file = staticFile("/file", body, { "content-type": "text/plain" });
const small = staticFile("/small", Buffer.from("ok"), {
  "content-type": "text/plain",
});

async function serve() {
  return startServer({ pages: [file, small] });
}

/** With the headers that are given, and no other: fetch adds some, and decompresses. */
function get(
  url: string,
  headers: http.OutgoingHttpHeaders = {},
  method = "GET",
): Promise<{
  status: number | undefined;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}> {
  return new Promise((resolve, reject) => {
    http
      .request(url, { headers, method }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          resolve({
            status: response.statusCode,
            headers: response.headers,
            body: Buffer.concat(chunks),
          });
        });
      })
      .on("error", reject)
      .end();
  });
}

test("the coding is the one that the client likes best, ours among equals", async () => {
  const { url } = await serve();
  const decoders: Record<string, (bytes: Buffer) => Buffer> = {
    br: brotliDecompressSync,
    gzip: gunzipSync,
    identity: (bytes) => bytes,
  };
  for (const [accept, coding] of [
    [undefined, "identity"],
    ["", "identity"],
    ["deflate", "identity"],
    ["gzip, br", "br"],
    ["gzip", "gzip"],
    ["x-gzip", "gzip"],
    ["*", "br"],
    ["br;q=0.5, gzip;q=0.8", "gzip"],
    ["br;q=0, *", "gzip"],
    ["identity, br;q=0.5", "identity"],
  ] as const) {
    const response = await get(
      `${url}/file`,
      accept === undefined ? {} : { "accept-encoding": accept },
    );
    expect(response.status).toBe(200);
    expect(response.headers, accept).toMatchObject({
      vary: "accept-encoding",
      "cache-control": "no-cache",
      "content-type": "text/plain",
      "content-length": String(response.body.length),
    });
    expect(response.headers["content-encoding"] ?? "identity", accept).toBe(
      coding,
    );
    expect(decoders[coding]?.(response.body)).toEqual(body);
  }
});

test("each coding has a strong ETag of its own; what is small has no other coding", async () => {
  const { url } = await serve();
  const tags = [];
  for (const coding of ["identity", "gzip", "br"]) {
    const headers = { "accept-encoding": coding };
    tags.push((await get(`${url}/file`, headers)).headers.etag);
    const { headers: answered } = await get(`${url}/small`, headers);
    expect(answered).not.toHaveProperty("content-encoding");
  }
  expect(new Set(tags).size).toBe(3);
  for (const tag of tags) {
    expect(tag).toMatch(/^"[\w-]+"$/);
  }
});

test("If-None-Match: 304 where the ETag is among them, by the weak comparison", async () => {
  const { url } = await serve();
  const { headers } = await get(`${url}/file`, { "accept-encoding": "gzip" });
  const etag = headers.etag ?? "";
  const { etag: other = "" } = (await get(`${url}/file`)).headers;
  for (const [given, status] of [
    [etag, 304],
    [`W/${etag}`, 304],
    [`"a", W/"b,c" ,${etag}`, 304],
    ["*", 304],
    [other, 200],
    ['"a"', 200],
    [etag.slice(1, -1), 200],
    ["", 200],
  ] as const) {
    for (const method of ["GET", "HEAD"]) {
      const response = await get(
        `${url}/file`,
        { "accept-encoding": "gzip", "if-none-match": given },
        method,
      );
      expect(response.status, given).toBe(status);
      expect(response.headers).toMatchObject({
        etag,
        vary: "accept-encoding",
        "cache-control": "no-cache",
      });
      if (status === 304) {
        expect(response.headers).not.toHaveProperty("content-type");
      }
      if (status === 304 || method === "HEAD") {
        expect(response.body.length).toBe(0);
      }
    }
  }
});

test("HEAD says what GET would, without the body", async () => {
  const { url } = await serve();
  const headers = { "accept-encoding": "br" };
  const head = await get(`${url}/file`, headers, "HEAD");
  const whole = await get(`${url}/file`, headers);
  for (const name of ["content-length", "content-encoding", "etag", "vary"]) {
    expect(head.headers[name]).toBe(whole.headers[name]);
  }
  expect(head.body.length).toBe(0);
});

test("HTTP/2 has the same", async () => {
  const { url } = await serve();
  const first = await callHttp2(
    url,
    { ":path": "/file", "accept-encoding": "br" },
    Buffer.alloc(0),
  );
  expect(brotliDecompressSync(first.body)).toEqual(body);
  const second = await callHttp2(
    url,
    {
      ":path": "/file",
      "accept-encoding": "br",
      "if-none-match": first.header.etag,
    },
    Buffer.alloc(0),
  );
  expect(second.header[":status"]).toBe(304);
  expect(second.body.length).toBe(0);
});
