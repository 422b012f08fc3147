import { afterEach, describe, expect, test } from "vitest";
import { Pieces } from "../../src/http/connection/exchange/pieces.ts";
import { createHealth } from "../../src/http/services/health.ts";
import {
  endHeaders,
  frame,
  frameType,
  headerBlock,
  RawHttp2,
} from "./raw-http2.ts";
import { rawExchange, startServer, stopServers } from "./support.ts";

afterEach(stopServers);

const serve = () => startServer({ openServices: [createHealth([]).service] });
const check = "/grpc.health.v1.Health/Check";
const enhanceYourCalm = 11;

const chunked = (count: number) =>
  `POST ${check} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n` +
  "1\r\n \r\n".repeat(count);

describe("a body in pieces of a byte", () => {
  test("is read like any other where there are few", async () => {
    const { port } = await serve();
    const received = await rawExchange(
      port,
      `${chunked(500)}2\r\n{}\r\n0\r\n\r\n`,
    );
    expect(received).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("ends its connection where there are thousands, over HTTP/1.1", async () => {
    const { port, ended } = await serve();
    expect(await rawExchange(port, chunked(3000))).toBe("");
    await ended(1);
  });

  test("and over HTTP/2", async () => {
    const { port } = await serve();
    const connection = new RawHttp2(port).start();
    connection.write(
      frame(
        frameType.headers,
        endHeaders,
        1,
        headerBlock([
          [":method", "POST"],
          [":scheme", "http"],
          [":authority", "a"],
          [":path", check],
          ["content-type", "application/json"],
        ]),
      ),
      ...Array<Buffer>(3000).fill(
        frame(frameType.data, 0, 1, Buffer.from(" ")),
      ),
    );
    const goaway = await connection.find(
      ({ type }) => type === frameType.goaway,
    );
    expect(goaway?.payload.readUInt32BE(4)).toBe(enhanceYourCalm);
    await connection.closed;
  });
});

describe("pieces", () => {
  const content = Buffer.from(
    Array.from({ length: 200_000 }, (_, index) => index % 251),
  );

  /** Pieces of the sizes in turn. */
  function cut(sizes: readonly number[]): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    for (let at = 0, turn = 0; at < content.length; turn += 1) {
      const size = sizes[turn % sizes.length] ?? 1;
      pieces.push(content.subarray(at, at + size));
      at += size;
    }
    return pieces;
  }

  test.each([[[1]], [[1, 2000]], [[5000, 1, 1, 1]], [[7, 1023, 1024]]])(
    "of %j bytes in turn are the content again, taken in one or one by one",
    (sizes) => {
      const pieces = new Pieces();
      for (const piece of cut(sizes)) {
        pieces.add(piece);
      }
      expect(content.equals(pieces.joined)).toBe(true);
      const taken: Uint8Array[] = [];
      for (;;) {
        const piece = pieces.shift();
        if (piece === undefined) {
          break;
        }
        taken.push(piece);
      }
      expect(content.equals(Buffer.concat(taken))).toBe(true);
      expect(pieces.joined.byteLength).toBe(0);
    },
  );

  test("of a byte are joined to few", () => {
    const pieces = new Pieces();
    for (const piece of cut([1])) {
      pieces.add(piece);
    }
    let count = 0;
    while (pieces.shift() !== undefined) {
      count += 1;
    }
    expect(count).toBeLessThan(20);
  });

  test("that were taken do not change when others come", () => {
    const pieces = new Pieces();
    for (const piece of cut([1]).slice(0, 10)) {
      pieces.add(piece);
    }
    pieces.shift();
    const second = pieces.shift();
    pieces.add(Buffer.of(99));
    pieces.add(Buffer.of(98));
    expect(second?.byteLength).toBe(9);
    expect(content.subarray(1, 10).equals(second ?? Buffer.alloc(0))).toBe(
      true,
    );
    expect([...pieces.joined]).toEqual([99, 98]);
  });
});
