import {
  endHeaders,
  endStream,
  frame,
  frameType,
  headerBlock,
  preface,
} from "../../http/raw-http2.ts";
import { body, protocolHeaders, targets } from "./calls.ts";
import { mutate } from "./mutate.ts";
import type { Random } from "./random.ts";

const padded = 0x8;
const priority = 0x20;

/** A connection of HTTP/2: preface, settings, and frames that are right or nearly so. */
export function http2Bytes(random: Random): Buffer {
  const frames = [settings(random)];
  let stream = 1;
  for (let count = 1 + random.below(8); count > 0; count -= 1) {
    frames.push(
      ...(random.oneIn(2) ? call(random, stream) : [other(random, stream)]),
    );
    if (!random.oneIn(4)) {
      stream += 2;
    }
  }
  if (random.oneIn(4)) {
    const one = random.below(frames.length);
    frames[one] = mutate(random, frames[one] ?? Buffer.alloc(0));
  }
  const all = Buffer.concat(frames);
  const sent = random.oneIn(4) ? mutate(random, all) : all;
  return Buffer.concat([
    random.oneIn(30) ? mutate(random, preface) : preface,
    sent,
  ]);
}

function call(random: Random, stream: number): Buffer[] {
  const fields = [
    [":method", random.pick(["POST", "POST", "GET", "PUT", "CONNECT", ""])],
    [":scheme", random.pick(["http", "http", "https", ""])],
    [":authority", random.oneIn(8) ? random.pick(["", "[::", "a:b:c"]) : "a"],
    [":path", random.pick(targets)],
    ["content-type", "application/grpc"],
    ...protocolHeaders(random).filter(([name]) => name !== "content-type"),
  ] as (readonly [string, string])[];
  if (random.oneIn(8)) {
    fields.splice(
      random.below(fields.length + 1),
      random.below(2),
      random.pick([
        [":path", "/"],
        [":protocol", "websocket"],
        [":status", "200"],
        ["Upper", "case"],
        ["connection", "close"],
        ["transfer-encoding", "chunked"],
        ["host", "b"],
        ["content-length", "7"],
        ["", ""],
        ["x", "a\r\nb: c"],
        ["big", "x".repeat(20_000)],
      ]),
    );
  }
  const block = random.oneIn(12)
    ? random.bytes(1 + random.below(60))
    : headerBlock(fields);
  return [...headers(random, stream, block), ...content(random, stream)];
}

function headers(random: Random, stream: number, block: Buffer): Buffer[] {
  const end = random.oneIn(6) ? endStream : 0;
  if (random.oneIn(8)) {
    const pads = random.below(20);
    const whole = Buffer.concat([
      Buffer.of(pads),
      block,
      Buffer.alloc(random.oneIn(3) ? 0 : pads),
    ]);
    return [frame(frameType.headers, padded | endHeaders | end, stream, whole)];
  }
  if (random.oneIn(12)) {
    const whole = Buffer.concat([Buffer.alloc(5, stream), block]);
    return [
      frame(frameType.headers, priority | endHeaders | end, stream, whole),
    ];
  }
  if (block.length <= 16_000 && !random.oneIn(6)) {
    return [frame(frameType.headers, endHeaders | end, stream, block)];
  }
  const size = 1 + random.below(Math.min(16_000, block.length));
  const parts: Buffer[] = [
    frame(frameType.headers, end, stream, block.subarray(0, size)),
  ];
  for (let at = size; at < block.length; at += 16_000) {
    const part = block.subarray(at, at + 16_000);
    const last = at + 16_000 >= block.length && !random.oneIn(5);
    parts.push(
      frame(frameType.continuation, last ? endHeaders : 0, stream, part),
    );
  }
  return parts;
}

function content(random: Random, stream: number): Buffer[] {
  const frames = random.several(random.below(3), () =>
    frame(
      frameType.data,
      random.oneIn(2) ? endStream : 0,
      stream,
      body(random),
    ),
  );
  return [
    ...frames,
    ...(random.oneIn(8)
      ? [
          frame(
            frameType.headers,
            endStream | endHeaders,
            stream,
            headerBlock([["grpc-status", "0"]]),
          ),
        ]
      : []),
    ...(random.oneIn(8)
      ? [
          frame(
            frameType.rstStream,
            0,
            stream,
            Buffer.of(0, 0, 0, random.below(16)),
          ),
        ]
      : []),
  ];
}

function settings(random: Random): Buffer {
  const pairs = random.several(random.below(4), () => {
    const pair = Buffer.alloc(6);
    pair.writeUInt16BE(random.below(10));
    pair.writeUInt32BE(
      random.pick([0, 1, 100, 16_384, 65_535, 0x7fffffff, 0xffffffff]),
      2,
    );
    return pair;
  });
  return frame(frameType.settings, 0, 0, Buffer.concat(pairs));
}

function other(random: Random, stream: number): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(random.pick([0, 1, 65_535, 0x7fffffff, 0xffffffff]));
  const where = random.pick([0, stream, stream, 1, 2, 0x7fffffff]);
  const any = random.bytes(random.below(24));
  switch (random.below(9)) {
    case 0:
      return settings(random);
    case 1:
      return frame(frameType.settings, 1, 0, random.oneIn(4) ? any : undefined);
    case 2:
      return frame(
        frameType.ping,
        random.below(2),
        random.oneIn(6) ? where : 0,
        random.bytes(random.oneIn(6) ? 7 : 8),
      );
    case 3:
      return frame(frameType.windowUpdate, 0, where, number);
    case 4:
      return frame(frameType.rstStream, 0, where, number);
    case 5:
      return frame(
        frameType.goaway,
        0,
        0,
        Buffer.concat([number, number, any]),
      );
    case 6:
      return frame(frameType.continuation, endHeaders, where, any);
    case 7:
      return frame(frameType.data, random.below(256), where, any);
    default:
      return frame(random.below(256), random.below(256), where, any);
  }
}
