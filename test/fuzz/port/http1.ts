import { body, protocolHeaders, targets } from "./calls.ts";
import { mutate } from "./mutate.ts";
import type { Random } from "./random.ts";

const methods = [
  ...(["GET", "POST", "POST", "POST", "PUT", "DELETE", "OPTIONS"] as const),
  ...(["HEAD", "PATCH", "CONNECT", "TRACE", "PRI", "get", ""] as const),
] as const;

/** Some requests of HTTP/1.1, one after the other on one connection, right or nearly so. */
export function http1Bytes(random: Random): Buffer {
  const bytes = Buffer.concat(
    random.several(1 + random.below(3), () => request(random)),
  );
  return random.oneIn(2) ? mutate(random, bytes) : bytes;
}

function request(random: Random): Buffer {
  const content = body(random);
  const { head, sent } = framing(random, content);
  const version = random.oneIn(12)
    ? random.pick(["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.2", ""])
    : "HTTP/1.1";
  const host = random.oneIn(12)
    ? random.pick(["", "Host:", "Host: [::", "Host: a\r\nHost: b", "Host : a"])
    : "Host: a";
  const target = random.oneIn(40)
    ? `/${"a".repeat(random.below(30_000))}`
    : random.pick(targets);
  const lines = [
    `${random.pick(methods)} ${target} ${version}`,
    host,
    ...protocolHeaders(random).map(([name, value]) => `${name}: ${value}`),
    ...(random.oneIn(12) ? ["Connection: Upgrade", "Upgrade: h2c"] : []),
    ...(random.oneIn(8)
      ? [random.pick(["Connection: close", "X: a\r\n b"])]
      : []),
    ...head,
    "",
    "",
  ];
  return Buffer.concat([Buffer.from(lines.join("\r\n"), "latin1"), sent]);
}

function framing(
  random: Random,
  content: Buffer,
): { readonly head: readonly string[]; readonly sent: Buffer } {
  switch (random.below(8)) {
    case 0:
      return { head: [], sent: Buffer.alloc(0) };
    case 1:
      return {
        head: [
          `Content-Length: ${random.pick(["-1", "1e3", "0x10", "99999999999999999999", String(content.length + 1), String(content.length >> 1)])}`,
        ],
        sent: content,
      };
    case 2:
      return {
        head: ["Transfer-Encoding: chunked", "Content-Length: 3"],
        sent: content,
      };
    case 3:
    case 4:
      return {
        head: ["Transfer-Encoding: chunked"],
        sent: chunked(random, content),
      };
    default:
      return { head: [`Content-Length: ${content.length}`], sent: content };
  }
}

function chunked(random: Random, content: Buffer): Buffer {
  const middle = random.below(content.length + 1);
  const parts = [content.subarray(0, middle), content.subarray(middle)];
  const extension = random.oneIn(6) ? ";a=b" : "";
  return Buffer.concat([
    ...parts
      .filter(({ length }) => length > 0)
      .flatMap((part) => [
        Buffer.from(`${part.length.toString(16)}${extension}\r\n`),
        part,
        Buffer.from("\r\n"),
      ]),
    Buffer.from(random.oneIn(6) ? "0\r\nX: y\r\n\r\n" : "0\r\n\r\n"),
  ]);
}
