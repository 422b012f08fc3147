import { readdirSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RuleError } from "../../src/transcoding/index.ts";
import { createEchoServer } from "./echo.ts";
import { parseEchoOptions } from "./echo-options.ts";
import {
  bodyOf,
  compareAnswer,
  readGroups,
  readRefused,
  registryOf,
  type VectorAnswer,
  type VectorRow,
} from "./vectors.ts";

const groups = readGroups();
const refused = readRefused();

describe.each(groups)("$group", ({ rules, options, rows }) => {
  const server = createEchoServer(
    registryOf(rules),
    parseEchoOptions(options ?? []),
    () => undefined,
  );
  let port = 0;
  let session: http2.ClientHttp2Session;

  beforeAll(async () => {
    ({ port } = await server.listen({ host: "127.0.0.1", port: 0 }));
    session = http2.connect(`http://127.0.0.1:${port}`);
  });

  afterAll(async () => {
    session.close();
    await server.close();
  });

  it.each(rows)("$send ($source)", async (row) => {
    const answers = [await overHttp1(port, row)];
    if (row.http1Only !== true) {
      answers.push(await overHttp2(session, row));
    }
    for (const answer of answers) {
      const { expected, actual } = compareAnswer(row, answer);
      expect(actual).toEqual(expected);
    }
  });
});

describe("rules that are refused at start", () => {
  it.each(refused)("$reason ($source)", ({ rules, culprit, reason }) => {
    const start = () =>
      createEchoServer(
        registryOf(rules),
        parseEchoOptions([]),
        () => undefined,
      );
    expect(start).toThrow(RuleError);
    expect(start).toThrow(`transcoding.test.v1.Vectors/${culprit}: `);
    expect(start).toThrow(reason);
  });
});

it("has at least 400 rows, each with its source", () => {
  const all = [...groups.flatMap(({ rows }) => rows), ...refused];
  expect(all.length).toBeGreaterThanOrEqual(400);
  expect(all.filter(({ source }) => source.trim() === "")).toEqual([]);
  expect(
    readdirSync(new URL("vectors/", import.meta.url)).length,
  ).toBeGreaterThan(0);
});

function requestParts(row: VectorRow): { method: string; target: string } {
  const blank = row.send.indexOf(" ");
  return {
    method: row.send.slice(0, blank),
    target: row.send.slice(blank + 1),
  };
}

function overHttp1(port: number, row: VectorRow): Promise<VectorAnswer> {
  const { method, target } = requestParts(row);
  const body = bodyOf(row);
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: "127.0.0.1",
        port,
        method,
        path: target,
        agent: false,
        headers: {
          ...row.header,
          ...(body === undefined ? {} : { "content-length": body.length }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          resolve({
            status: response.statusCode ?? 0,
            header: headersOf(response.headers),
            text: Buffer.concat(chunks).toString(),
          });
        });
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

function overHttp2(
  session: http2.ClientHttp2Session,
  row: VectorRow,
): Promise<VectorAnswer> {
  const { method, target } = requestParts(row);
  const body = bodyOf(row);
  return new Promise((resolve, reject) => {
    const stream = session.request(
      { ...row.header, ":method": method, ":path": target },
      { endStream: body === undefined },
    );
    let header: http2.IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on("response", (received) => {
      header = received;
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("end", () => {
      resolve({
        status: Number(header[":status"]),
        header: headersOf(header),
        text: Buffer.concat(chunks).toString(),
      });
    });
    if (body !== undefined) {
      stream.end(body);
    }
  });
}

function headersOf(received: http.IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(received)) {
    if (value !== undefined && !name.startsWith(":")) {
      headers.set(name, String(value));
    }
  }
  return headers;
}
