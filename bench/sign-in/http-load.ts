import { connect } from "node:net";
import type { Socket } from "node:net";

/** A request of HTTP/1.1, as it is written. */
export interface RawRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A response: its status and its body. */
export interface RawResponse {
  readonly status: number;
  readonly body: string;
}

/** The bytes of a request. */
export function encodeRequest(
  host: string,
  { method, path, headers, body = "" }: RawRequest,
): Buffer {
  const fields = Object.entries({
    ...{ host, "content-length": `${Buffer.byteLength(body)}` },
    ...headers,
  });
  const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${head}\r\n${body}`);
}

/** A connection on which one request follows another: with less work than any client has, which would be measured too. */
export class RawConnection {
  readonly #socket: Socket;
  #text = "";
  #waiting: ((response: RawResponse) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.#text += text;
      this.#read();
    });
  }

  /** Connects. */
  static open(port: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("error", reject);
      socket.once("connect", () => {
        resolve(new RawConnection(socket));
      });
    });
  }

  /** Sends what {@link encodeRequest} has made, and waits for the response. */
  send(request: Buffer): Promise<RawResponse> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#socket.write(request);
    });
  }

  /** Ends it. */
  close(): void {
    this.#socket.destroy();
  }

  #read(): void {
    const end = this.#text.indexOf("\r\n\r\n");
    if (end < 0) {
      return;
    }
    const head = this.#text.slice(0, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const from = end + 4;
    if (this.#text.length < from + length) {
      return;
    }
    const body = this.#text.slice(from, from + length);
    this.#text = this.#text.slice(from + length);
    this.#waiting?.({ status: Number(head.slice(9, 12)), body });
  }
}

/** Has several connections send requests, one after another each, and waits for all of them. @throws Error where a response is another than wanted */
export async function sendAll(
  port: number,
  connections: number,
  count: number,
  requests: readonly Buffer[],
  status: number,
): Promise<void> {
  let next = 0;
  const run = async () => {
    const connection = await RawConnection.open(port);
    while (next < count) {
      const request = requests[next % requests.length];
      next += 1;
      if (request === undefined) {
        throw new Error("there is nothing to send");
      }
      const response = await connection.send(request);
      if (response.status !== status) {
        throw new Error(`${response.status}: ${response.body}`);
      }
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, run));
}
