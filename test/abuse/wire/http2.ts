import type { Socket } from "node:net";
import type { Target } from "../attack.ts";
import {
  endHeaders,
  endStream,
  frame,
  frameType,
  headerBlock,
  preface,
} from "../../http/raw-http2.ts";
import type { Tally } from "../tally.ts";
import { open } from "./http1.ts";
import type { Span } from "./pace.ts";

const ack = 1;
const codeNames: Readonly<Record<number, string>> = {
  0: "NO_ERROR",
  1: "PROTOCOL_ERROR",
  2: "INTERNAL_ERROR",
  3: "FLOW_CONTROL_ERROR",
  5: "STREAM_CLOSED",
  7: "REFUSED_STREAM",
  8: "CANCEL",
  9: "COMPRESSION_ERROR",
  11: "ENHANCE_YOUR_CALM",
};
const initialWindow = 4;

/** How a connection is opened. */
export interface Http2Options {
  /** What the server may send on a stream before it is given more, which it never is. */
  readonly window?: number;
  /** Whether what comes is read at all. Default true. */
  readonly read?: boolean;
}

/** A connection that says what it likes, and counts how the server ends it and its streams. */
export class Http2Connection {
  readonly socket: Socket;
  readonly #tally: Tally;
  #stream = -1;
  /** What may be sent on the connection; the windows of streams are large enough for what is sent here. */
  #window = 65_535;
  readonly #waiting = new Set<() => void>();

  constructor(socket: Socket, tally: Tally) {
    this.socket = socket;
    this.#tally = tally;
    socket.once("close", () => {
      this.#wake();
    });
  }

  /** The number of the next stream. */
  next(): number {
    this.#stream += 2;
    return this.#stream;
  }

  write(...frames: readonly Buffer[]): void {
    if (this.socket.writable) {
      this.socket.write(Buffer.concat(frames));
    }
  }

  /** Opens a stream, and sends its content when the window has room for it. False where that does not come in time. */
  async send(
    block: Uint8Array,
    content: Uint8Array,
    span: Span,
    end = true,
  ): Promise<boolean> {
    const frames = streamFrames(this.next(), block, content, end);
    return this.more(frames, content.length, span);
  }

  /** Sends DATA frames that hold so many bytes, when the window of the connection has room for them. False where there is none in time. */
  async more(frames: Buffer, bytes: number, span: Span): Promise<boolean> {
    while (this.#window < bytes) {
      if (span.over || !this.socket.writable) {
        return false;
      }
      await this.#room(span.leftMs);
    }
    this.#window -= bytes;
    this.write(frames);
    return true;
  }

  async #room(withinMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, withinMs);
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of this.#waiting) {
      wake();
    }
  }

  /** Counts GOAWAY and RST_STREAM, and acknowledges what must be, as a client that is to be kept does. */
  read(): void {
    let rest: Buffer = Buffer.alloc(0);
    this.socket.on("data", (chunk: Buffer) => {
      let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      while (bytes.length >= 9) {
        const end = 9 + bytes.readUIntBE(0, 3);
        if (bytes.length < end) {
          break;
        }
        this.#take(
          bytes.readUInt8(3),
          bytes.readUInt8(4),
          bytes.readUInt32BE(5),
          bytes.subarray(9, end),
        );
        bytes = bytes.subarray(end);
      }
      rest = bytes;
    });
  }

  #take(type: number, flags: number, stream: number, payload: Buffer): void {
    switch (type) {
      case frameType.goaway:
        this.#tally.count(`GOAWAY ${codeName(payload.readUInt32BE(4))}`);
        break;
      case frameType.rstStream:
        this.#tally.count(`RST_STREAM ${codeName(payload.readUInt32BE(0))}`);
        break;
      case frameType.windowUpdate:
        if (stream !== 0) {
          break;
        }
        this.#window += payload.readUInt32BE(0);
        this.#wake();
        break;
      case frameType.settings:
      case frameType.ping:
        if (flags === ack) {
          break;
        }
        this.write(
          frame(type, ack, 0, type === frameType.ping ? payload : undefined),
        );
        break;
      default:
    }
  }
}

function codeName(code: number): string {
  return codeNames[code] ?? `${code}`;
}

/** Opens a connection, sends the preface and settings, and reads what comes unless it shall not. */
export async function openHttp2(
  target: Pick<Target, "port">,
  tally: Tally,
  { window = 65_535, read = true }: Http2Options = {},
): Promise<Http2Connection> {
  const socket = await open(target, tally);
  const connection = new Http2Connection(socket, tally);
  if (read) {
    connection.read();
  } else {
    socket.pause();
  }
  const value = Buffer.alloc(6);
  value.writeUInt16BE(initialWindow);
  value.writeUInt32BE(window, 2);
  connection.write(preface, frame(frameType.settings, 0, 0, value));
  return connection;
}

/** The header block of a call. */
export function callBlock(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = "POST",
): Buffer {
  return headerBlock([
    [":method", method],
    [":scheme", "http"],
    [":path", path],
    [":authority", "localhost"],
    ...Object.entries(headers),
  ]);
}

/** The header block of a gRPC call. */
export function grpcBlock(
  path: string,
  { token = "", gzip = false }: { token?: string; gzip?: boolean } = {},
): Buffer {
  return callBlock(path, {
    te: "trailers",
    "content-type": "application/grpc",
    ...(gzip && { "grpc-encoding": "gzip" }),
    ...(token !== "" && { authorization: `Bearer ${token}` }),
  });
}

/** A stream's header, and its content in frames of 16 KiB. */
export function streamFrames(
  stream: number,
  block: Uint8Array,
  content: Uint8Array | undefined,
  end = true,
): Buffer {
  const last = end && content === undefined ? endStream : 0;
  return Buffer.concat([
    frame(frameType.headers, endHeaders | last, stream, block),
    ...(content === undefined ? [] : dataFrames(stream, content, end)),
  ]);
}

/** Content in frames of 16 KiB. */
export function dataFrames(
  stream: number,
  content: Uint8Array,
  end: boolean,
): readonly Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < content.length;) {
    const part = content.subarray(at, at + 16_384);
    at += part.length;
    const last = end && at >= content.length ? endStream : 0;
    frames.push(frame(frameType.data, last, stream, part));
  }
  return frames;
}
