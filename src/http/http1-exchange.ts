import type {
  IncomingMessage,
  OutgoingHttpHeaders,
  ServerResponse,
} from "node:http";
import { RequestBody } from "./body.ts";
import { drained } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";

/** {@link Exchange} over HTTP/1.0 and HTTP/1.1. */
export class Http1Exchange implements Exchange {
  readonly httpVersion: "1.0" | "1.1";
  readonly method: string;
  readonly target: string;
  readonly authority = undefined;
  readonly rawHeaders: readonly string[];
  readonly remoteAddress: string;
  readonly body: RequestBody;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #lastOfConnection: () => boolean;

  /** @param lastOfConnection whether the connection shall close after this answer, asked when its header is sent */
  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    lastOfConnection: () => boolean,
  ) {
    this.#request = request;
    this.#response = response;
    this.#lastOfConnection = lastOfConnection;
    this.httpVersion = request.httpVersion === "1.0" ? "1.0" : "1.1";
    this.method = request.method ?? "";
    this.target = request.url ?? "";
    this.rawHeaders = request.rawHeaders;
    this.remoteAddress = request.socket.remoteAddress ?? "";
    const { "content-length": length, "transfer-encoding": encoding } =
      request.headers;
    this.body = new RequestBody(
      request,
      encoding === undefined && (length === undefined || length === "0"),
    );
    // A client may break off at any moment; the body and `isGone` tell those whom it concerns.
    request.on("error", ignore);
    response.on("error", ignore);
  }

  isGone(): boolean {
    return this.#response.destroyed || this.#request.socket.destroyed;
  }

  get answered(): boolean {
    return this.#response.headersSent;
  }

  onGone(listener: () => void): void {
    this.#response.once("close", () => {
      if (!this.#response.writableFinished) listener();
    });
  }

  onClose(listener: () => void): void {
    this.#response.once("close", listener);
  }

  head(status: number, headers: OutgoingHttpHeaders): void {
    if (this.#lastOfConnection()) headers.connection = "close";
    this.#response.writeHead(status, headers);
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#response.write(chunk)) return undefined;
    return drained(this.#response);
  }

  end(trailers: OutgoingHttpHeaders | undefined): void {
    if (trailers !== undefined) this.#response.addTrailers(trailers);
    this.#response.end();
  }

  whole(
    headers: readonly string[],
    body: Uint8Array,
    trailers: Readonly<Record<string, string>> | undefined,
  ): void {
    this.#response.writeHead(
      200,
      this.#lastOfConnection()
        ? [...headers, "connection", "close"]
        : [...headers],
    );
    if (trailers !== undefined) this.#response.addTrailers({ ...trailers });
    // As a string of the same bytes: Node sends strings together with the header, in one write instead of two.
    this.#response.end(
      Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString(
        "latin1",
      ),
      "latin1",
    );
  }

  release(complete: boolean): void {
    if (!complete) this.destroy();
  }

  destroy(): void {
    this.#request.socket.destroy();
  }
}

function ignore(): void {
  // Nothing to do: see the constructor.
}
