import type {
  IncomingMessage,
  OutgoingHttpHeaders,
  ServerResponse,
} from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";
import { RequestBody } from "../exchange/body.ts";
import { headerBytes, Holder } from "../exchange/holder.ts";
import type { HoldingConnection } from "../exchange/holder.ts";
import { drained, ignore } from "../exchange/exchange.ts";
import type { Exchange } from "../exchange/exchange.ts";

/** Where a request and its response find their exchange: listeners that are the same for all cost less. */
const exchangeKey = Symbol("exchange");

interface ServedRequest extends IncomingMessage {
  [exchangeKey]?: Http1Exchange;
}

interface ServingResponse extends ServerResponse {
  [exchangeKey]?: Http1Exchange;
}

/** A larger body is sent as it is: to copy it would cost more than a write, in bytes. */
const mostCopiedBytes = 16 * 1024;

/** {@link Exchange} over HTTP/1.0 and HTTP/1.1. */
export class Http1Exchange extends Holder implements Exchange {
  readonly httpVersion: "1.0" | "1.1";
  readonly method: string;
  readonly target: string;
  readonly authority = undefined;
  readonly rawHeaders: readonly string[];
  readonly remoteAddress: string;
  readonly body: RequestBody;
  readonly #request: ServedRequest;
  readonly #response: ServingResponse;
  readonly #connection: HoldingConnection<Http1Exchange>;
  readonly #draining: () => boolean;
  #spoilt = false;
  #closeDue = false;

  /** @param draining whether connections close after their response; called when a header is sent */
  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    connection: HoldingConnection<Http1Exchange>,
    draining: () => boolean,
  ) {
    super(connection, headerBytes(request.url ?? "", request.rawHeaders));
    this.#connection = connection;
    this.#request = request;
    this.#response = response;
    this.#draining = draining;
    this.httpVersion = request.httpVersion === "1.0" ? "1.0" : "1.1";
    this.method = request.method ?? "";
    this.target = request.url ?? "";
    this.rawHeaders = request.rawHeaders;
    this.remoteAddress = request.socket.remoteAddress ?? "";
    const { "content-length": length, "transfer-encoding": encoding } =
      request.headers;
    const empty =
      encoding === undefined && (length === undefined || length === "0");
    this.body = new RequestBody(request, this, empty);
    // A client may break off at any moment; the body and `isGone` tell those whom it concerns.
    request.on("error", ignore);
    response.on("error", ignore);
    this.#response[exchangeKey] = this;
    if (!empty) {
      this.#request[exchangeKey] = this;
      request.on("close", Http1Exchange.#onRequestClosed);
    }
    response.on("close", Http1Exchange.#onClosed);
  }

  isGone(): boolean {
    return this.#response.destroyed || this.#request.socket.destroyed;
  }

  get isHeaderSent(): boolean {
    return this.#response.headersSent;
  }

  /** Whether all of the request has come, its body too. */
  get isReceived(): boolean {
    return this.#request.complete;
  }

  /** @param listener is called when nothing more of the request can come */
  onRequestClosed(listener: () => void): void {
    this.#request.once("close", listener);
  }

  onGone(listener: () => void): void {
    this.onClose(() => {
      if (!this.#response.writableFinished) {
        listener();
      }
    });
  }

  head(status: number, headers: OutgoingHttpHeaders): void {
    if (this.#isLast()) {
      headers.connection = "close";
    }
    this.#response.writeHead(status, headers);
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    this.hold(chunk.byteLength);
    const taken = this.#response.write(chunk, () => {
      this.hold(-chunk.byteLength);
    });
    return taken ? undefined : drained(this.#response);
  }

  get unsent(): number {
    return this.#response.writableLength;
  }

  keepAlive(): void {
    // Whatever is sent belongs to the body.
  }

  flush(): void {
    this.#response.flushHeaders();
  }

  end(trailers: OutgoingHttpHeaders | undefined): void {
    if (trailers !== undefined) {
      this.#response.addTrailers(trailers);
    }
    if (!this.body.complete && !this.#spoilt) {
      this.#closeLater();
    }
    this.#response.end();
  }

  sendComplete(
    headers: string[],
    body: Uint8Array,
    trailers: Readonly<Record<string, string>> | undefined,
  ): void {
    this.#response.writeHead(
      200,
      this.#isLast() ? [...headers, "connection", "close"] : headers,
    );
    if (trailers !== undefined) {
      this.#response.addTrailers({ ...trailers });
    }
    this.hold(body.byteLength);
    // As a string of the same bytes: Node sends strings together with the header, in one write instead of two.
    if (body.byteLength > mostCopiedBytes) {
      this.#response.end(body);
    } else {
      this.#response.end(
        Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString(
          "latin1",
        ),
        "latin1",
      );
    }
  }

  release(complete: boolean): void {
    const { socket } = this.#request;
    Reflect.deleteProperty(socket, "destroySoon");
    if (!complete) {
      socket.destroy();
    } else if (this.#closeDue) {
      socket.destroySoon();
    }
  }

  /**
   * Called where the rest of this body, or what comes after it, is not HTTP. The request gets its response, and then the connection
   * ends.
   *
   * @param close ends the connection, after the response
   */
  spoil(close: () => void): void {
    if (this.#spoilt) {
      return;
    }
    this.#spoilt = true;
    this.#request.socket.destroySoon = close;
    if (!this.#request.complete) {
      this.body.fail(
        new ConnectError(
          "the request body is not framed as HTTP/1.1 has it",
          Code.InvalidArgument,
        ),
      );
    }
    // A header that was sent before did not say so.
    if (this.#response.headersSent) {
      this.onClose(close);
    }
  }

  destroy(): void {
    this.#request.socket.destroy();
  }

  static #onRequestClosed(this: ServedRequest): void {
    this[exchangeKey]?.body.gone();
  }

  static #onClosed(this: ServingResponse): void {
    const exchange = this[exchangeKey];
    if (exchange === undefined) {
      return;
    }
    exchange.leave();
    exchange.tellOfClose();
    exchange.#connection.closed(exchange);
  }

  /** Keeps Node from closing the connection right after its last response, which would reset a client that is still sending: `release` closes it. */
  #closeLater(): void {
    const { socket } = this.#request;
    socket.destroySoon = () => {
      this.#closeDue = true;
      socket.end();
    };
  }

  /** Whether the connection closes after this response. */
  #isLast(): boolean {
    return this.#spoilt || this.#draining();
  }
}
