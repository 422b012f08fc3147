import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { StreamTable } from "../../../src/http/connection/http2/stream-table.ts";
import { createHeaderBlocks } from "./header-blocks.ts";
import {
  clientPreface,
  flags,
  frame,
  frameTypes,
  readFrames,
} from "./http2-frames.ts";
import type { Frame } from "./http2-frames.ts";

export interface GrpcConnectionOptions {
  readonly port: number;
  readonly token: string;
  /** The paths of the calls that will be made. */
  readonly paths: readonly string[];
}

interface Call {
  readonly path: string;
  readonly resolve: (message: Buffer) => void;
  readonly reject: (error: Error) => void;
  /** What has come of the message, with its five bytes of length before it. */
  received: Buffer | undefined;
}

const lengthPrefix = 5;
const maxWindow = 2 ** 31 - 1;
const firstWindow = 65_535;
/** SETTINGS_HEADER_TABLE_SIZE and SETTINGS_ENABLE_PUSH. */
const headerTableSize = { id: 1, usual: 4096 };
const enablePush = 2;

/**
 * A connection that makes unary gRPC calls as cheaply as they can be made: a load generator shares the machine
 * with what it measures. It takes what is not an answer with a message for a failure, and does not say which,
 * since it decodes no headers.
 */
export class GrpcConnection {
  readonly #socket: Socket;
  readonly #paths: readonly string[];
  readonly #headers: (path: number) => Buffer;
  /** Not a Map: what comes and goes in one makes small collections long, here as in a server. */
  #calls = new StreamTable<Call>();
  #nextStream = 1;
  #window = firstWindow;
  #rest: Buffer = Buffer.alloc(0);
  #outgoing: Buffer[] = [];
  /** What waits for room in the window, which counts data alone. */
  #blocked: { readonly request: Buffer; readonly size: number }[] = [];
  #scheduled = false;

  private constructor(socket: Socket, options: GrpcConnectionOptions) {
    this.#socket = socket;
    this.#paths = options.paths;
    this.#headers = createHeaderBlocks(
      options.paths,
      `127.0.0.1:${options.port}`,
      options.token,
    );
    socket.setNoDelay();
    socket.on("data", (chunk: Buffer) => {
      const bytes =
        this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
      this.#rest = readFrames(bytes, (received) => {
        this.#take(received);
      });
    });
    socket.on("close", () => {
      this.#fail(new Error("the server closed the connection"));
    });
    // Nothing that a server sends shall wait for room.
    const room = Buffer.alloc(4);
    room.writeUInt32BE(maxWindow - firstWindow);
    this.#send(clientPreface);
    this.#send(
      frame(frameTypes.settings, 0, 0, Buffer.of(0, enablePush, 0, 0, 0, 0)),
    );
    this.#send(frame(frameTypes.windowUpdate, 0, 0, room));
  }

  static async open(options: GrpcConnectionOptions): Promise<GrpcConnection> {
    const socket = connect(options.port, "127.0.0.1");
    await once(socket, "connect");
    return new GrpcConnection(socket, options);
  }

  /** What went over the connection so far. */
  get sentBytes(): number {
    return this.#socket.bytesWritten;
  }

  /** Calls one of the paths, by its place, with a message; resolves with the answer's message. */
  call(path: number, message: Uint8Array): Promise<Buffer> {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    const data = Buffer.allocUnsafe(lengthPrefix + message.length);
    data[0] = 0;
    data.writeUInt32BE(message.length, 1);
    data.set(message, lengthPrefix);
    const request = Buffer.concat([
      frame(frameTypes.headers, flags.endHeaders, stream, this.#headers(path)),
      frame(frameTypes.data, flags.endStream, stream, data),
    ]);
    return new Promise((resolve, reject) => {
      this.#calls.set(stream, {
        path: this.#paths[path] ?? "",
        resolve,
        reject,
        received: undefined,
      });
      this.#blocked.push({ request, size: data.length });
      this.#sendWhatFits();
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Sends with all else that is sent in this turn of the event loop. */
  #send(bytes: Buffer): void {
    this.#outgoing.push(bytes);
    if (this.#scheduled) {
      return;
    }
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#socket.write(Buffer.concat(this.#outgoing.splice(0)));
    });
  }

  #take({ type, flags: flag, stream, payload }: Frame): void {
    switch (type) {
      case frameTypes.data:
        this.#takeData(stream, flag, payload);
        break;
      case frameTypes.headers:
        if ((flag & flags.endStream) !== 0) {
          this.#end(stream);
        }
        break;
      case frameTypes.resetStream:
        this.#end(stream);
        break;
      case frameTypes.settings:
        if ((flag & flags.ack) === 0) {
          this.#takeSettings(payload);
        }
        break;
      case frameTypes.ping:
        if ((flag & flags.ack) === 0) {
          this.#send(frame(frameTypes.ping, flags.ack, 0, payload));
        }
        break;
      case frameTypes.goAway:
        this.#fail(
          new Error(
            `the server ended the connection with error ${payload.readUInt32BE(4)}: ${payload.subarray(8).toString()}`,
          ),
        );
        break;
      case frameTypes.windowUpdate:
        if (stream === 0) {
          this.#widen(payload.readUInt32BE(0));
        }
        break;
      default:
    }
  }

  #takeData(stream: number, flag: number, payload: Buffer): void {
    if ((flag & flags.padded) !== 0) {
      throw new Error("padding is not read");
    }
    const call = this.#calls.get(stream);
    if (call === undefined) {
      return;
    }
    // The payload lies in the socket's buffer, which is not used again.
    call.received =
      call.received === undefined
        ? payload
        : Buffer.concat([call.received, payload]);
    if ((flag & flags.endStream) !== 0) {
      this.#end(stream);
    }
  }

  #takeSettings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      const id = payload.readUInt16BE(at);
      if (
        id === headerTableSize.id &&
        payload.readUInt32BE(at + 2) < headerTableSize.usual
      ) {
        throw new Error("the server's table of headers is too small");
      }
    }
    this.#send(frame(frameTypes.settings, flags.ack, 0));
  }

  #widen(by: number): void {
    this.#window += by;
    this.#sendWhatFits();
  }

  #sendWhatFits(): void {
    for (;;) {
      const [next] = this.#blocked;
      if (next === undefined || next.size > this.#window) {
        return;
      }
      this.#blocked.shift();
      this.#window -= next.size;
      this.#send(next.request);
    }
  }

  #end(stream: number): void {
    const call = this.#calls.get(stream);
    if (call === undefined) {
      return;
    }
    this.#calls.delete(stream);
    const { received } = call;
    if (
      received === undefined ||
      received.length < lengthPrefix ||
      received.length !== lengthPrefix + received.readUInt32BE(1)
    ) {
      call.reject(new Error(`${call.path} was answered with an error`));
    } else {
      call.resolve(received.subarray(lengthPrefix));
    }
  }

  #fail(error: Error): void {
    const calls = this.#calls;
    this.#calls = new StreamTable();
    calls.forEach(({ reject }) => {
      reject(error);
    });
  }
}
