import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** A span as a collector reads it. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly isError: boolean;
}

/** A collector of traces, by OTLP over HTTP. */
export interface OtlpReceiver {
  readonly url: string;
  /** What has come, in order. */
  readonly spans: readonly ReceivedSpan[];
  /** The bodies, one behind the other. */
  readonly bytes: () => Buffer;
  /** Attributes of the process that sent last. */
  readonly resource: () => ReceivedSpan["attributes"];
  /** How many requests have no response yet, and somebody who waits for it. */
  readonly open: () => number;
  close(): Promise<void>;
}

/** @param respond what it does with each request: by default it takes all spans */
export async function startOtlpReceiver(
  respond: "take" | "refuse" | "never" = "take",
): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const bodies: Buffer[] = [];
  let resource: ReceivedSpan["attributes"] = {};
  let open = 0;
  const server = createServer((request, response) => {
    open += 1;
    response.once("close", () => {
      open -= 1;
    });
    void (async () => {
      const body = await buffer(request);
      bodies.push(body);
      const isRight =
        request.method === "POST" &&
        request.url === "/base/v1/traces" &&
        request.headers["content-type"] === "application/x-protobuf";
      if (!isRight) {
        response.writeHead(400).end();
        return;
      }
      if (respond === "never") {
        return;
      }
      for (const group of messages(body, 1)) {
        for (const found of messages(group, 1)) {
          resource = attributesOf(found, 1);
        }
        for (const scope of messages(group, 2)) {
          spans.push(...messages(scope, 2).map(toSpan));
        }
      }
      response.writeHead(respond === "take" ? 200 : 503).end();
    })();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/base`,
    spans,
    bytes: () => Buffer.concat(bodies),
    resource: () => resource,
    open: () => open,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

type Value = Uint8Array | bigint;

/** The fields of a message, by their numbers. */
function read(message: Uint8Array): Map<number, Value[]> {
  const reader = new BinaryReader(message);
  const fields = new Map<number, Value[]>();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const value =
      type === WireType.LengthDelimited
        ? reader.bytes()
        : BigInt(type === WireType.Bit64 ? reader.fixed64() : reader.int64());
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}

function messages(message: Uint8Array, number: number): Uint8Array[] {
  return (read(message).get(number) ?? []) as Uint8Array[];
}

function attributesOf(
  message: Uint8Array,
  number: number,
): ReceivedSpan["attributes"] {
  return Object.fromEntries(
    messages(message, number).map((pair) => {
      const [key] = messages(pair, 1);
      const [value = new Uint8Array()] = messages(pair, 2);
      const [text] = messages(value, 1);
      const [int] = read(value).get(3) ?? [];
      return [
        Buffer.from(key ?? "").toString(),
        text === undefined ? Number(int) : Buffer.from(text).toString(),
      ];
    }),
  );
}

function toSpan(message: Uint8Array): ReceivedSpan {
  const fields = read(message);
  const bytes = (number: number) =>
    Buffer.from((fields.get(number)?.[0] ?? Buffer.of()) as Uint8Array);
  const integer = (number: number) => (fields.get(number)?.[0] ?? 0n) as bigint;
  const [status] = messages(message, 15);
  return {
    traceId: bytes(1).toString("hex"),
    spanId: bytes(2).toString("hex"),
    parentSpanId: bytes(4).toString("hex"),
    name: bytes(5).toString(),
    kind: Number(integer(6)),
    startNs: integer(7),
    endNs: integer(8),
    attributes: attributesOf(message, 9),
    isError: status !== undefined && read(status).get(3)?.[0] === 2n,
  };
}
