import { constants } from "node:http2";
import type {
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
} from "node:http2";
import { RequestBody } from "../exchange/body.ts";
import { headerBytes, Holder } from "../exchange/holder.ts";
import type { HoldingConnection } from "../exchange/holder.ts";
import { drained, ignore } from "../exchange/exchange.ts";
import type { Exchange } from "../exchange/exchange.ts";

/** The property in which a stream has its exchange until it is closed, as in `body.ts`. */
const exchangeKey = Symbol("exchange");

/** Node takes a list since 24.7 and 22.20 (nodejs/node#59455), and is quicker with it. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const takesList =
  major > 24 || (major === 24 && minor >= 7) || (major === 22 && minor >= 20);
const toFields = takesList
  ? (headers: readonly string[]) => [":status", "200", ...headers]
  : (headers: readonly string[]) => {
      const fields: OutgoingHttpHeaders = { ":status": 200 };
      for (let i = 0; i + 1 < headers.length; i += 2) {
        fields[headers[i] ?? ""] = headers[i + 1];
      }
      return fields;
    };

/** As Node has it for HTTP/1.1: in any case, alone or in a list. */
const awaitsContinue = /(?:^|\W)100-continue(?:$|\W)/i;

const noTrailers: OutgoingHttpHeaders = {};
const waitForTrailers = { waitForTrailers: true };

interface ServedStream extends ServerHttp2Stream {
  [exchangeKey]?: Http2Exchange | undefined;
}

/** The connection, as far as its exchanges know it. */
export interface Http2Connection extends HoldingConnection<Http2Exchange> {
  /** Sends PINGs while nothing else is sent, for as long as this stream is open. */
  keepAlive(change: 1 | -1): void;
}

/** {@link Exchange} over HTTP/2, on the stream itself: Node's compatibility objects cost more than they give here. */
export class Http2Exchange extends Holder implements Exchange {
  readonly httpVersion = "2.0";
  readonly method: string;
  readonly target: string;
  readonly authority: string | undefined;
  readonly rawHeaders: readonly string[];
  readonly remoteAddress: string;
  readonly body: RequestBody;
  readonly #stream: ServedStream;
  readonly #connection: Http2Connection;
  #trailers: OutgoingHttpHeaders = noTrailers;
  #ended = false;
  #trailersDue = false;
  #closeAfterTrailers = false;
  #keepsAlive = false;

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    flags: number,
    rawHeaders: readonly string[],
    remoteAddress: string,
    connection: Http2Connection,
  ) {
    super(connection, headerBytes("", rawHeaders));
    this.#connection = connection;
    this.#stream = stream;
    this.#stream[exchangeKey] = this;
    stream.on("close", Http2Exchange.#onClosed);
    // A client may cancel at any moment: `isGone` and errors of the body tell.
    stream.on("error", ignore);
    this.method = headers[":method"] ?? "";
    this.target = headers[":path"] ?? "";
    this.authority = headers[":authority"];
    this.rawHeaders = rawHeaders;
    this.remoteAddress = remoteAddress;
    const endOfStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    this.body = new RequestBody(
      stream,
      this,
      endOfStream || headers["content-length"] === "0",
    );
    if (headers.expect !== undefined && awaitsContinue.test(headers.expect)) {
      this.body.onFirstRead = () => {
        if (!stream.destroyed && !stream.headersSent) {
          stream.additionalHeaders({ ":status": 100 });
        }
      };
    }
  }

  isGone(): boolean {
    return this.#stream.destroyed || this.#stream.aborted;
  }

  get isHeaderSent(): boolean {
    return this.#stream.headersSent;
  }

  onGone(listener: () => void): void {
    this.onClose(() => {
      if (this.wasCut()) {
        listener();
      }
    });
  }

  /** Of a closed stream: whether it was reset, by whichever side, before its response was complete. */
  wasCut(): boolean {
    return !this.#ended || this.resetCode !== constants.NGHTTP2_NO_ERROR;
  }

  /** Of a closed stream: the code of its RST_STREAM, 0 without one. */
  get resetCode(): number {
    return this.#stream.rstCode;
  }

  head(
    status: number,
    headers: OutgoingHttpHeaders,
    follows: { readonly trailers: boolean; readonly last: boolean },
  ): void {
    if (follows.trailers) {
      this.#awaitTrailers();
    }
    // Node takes the given object for its own.
    headers[":status"] = status;
    this.#stream.respond(headers, {
      waitForTrailers: follows.trailers,
      endStream: follows.last,
    });
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    this.hold(chunk.byteLength);
    const taken = this.#stream.write(chunk, () => {
      this.hold(-chunk.byteLength);
    });
    return taken ? undefined : drained(this.#stream);
  }

  get unsent(): number {
    return this.#stream.writableLength;
  }

  keepAlive(): void {
    if (this.#keepsAlive) {
      return;
    }
    this.#keepsAlive = true;
    this.#connection.keepAlive(1);
  }

  flush(): void {
    // Node sends the header at once.
  }

  end(trailers: OutgoingHttpHeaders | undefined): void {
    this.#ended = true;
    if (trailers !== undefined) {
      this.#trailers = trailers;
    }
    this.#stream.end();
  }

  sendComplete(
    headers: readonly string[],
    body: Uint8Array,
    trailers: Readonly<Record<string, string>> | undefined,
  ): void {
    this.#ended = true;
    this.hold(body.byteLength);
    const fields = toFields(headers);
    const stream = this.#stream;
    if (trailers === undefined) {
      stream.respond(fields);
    } else {
      this.#trailers = trailers;
      this.#awaitTrailers();
      stream.respond(fields, waitForTrailers);
    }
    stream.end(body);
  }

  release(complete: boolean): void {
    if (complete) {
      return;
    }
    if (this.#trailersDue) {
      this.#closeAfterTrailers = true;
    } else {
      this.#close();
    }
  }

  static #onClosed(this: ServedStream): void {
    const exchange = this[exchangeKey];
    this[exchangeKey] = undefined;
    if (exchange === undefined) {
      return;
    }
    exchange.leave();
    exchange.body.gone();
    exchange.tellOfClose();
    if (exchange.#keepsAlive) {
      exchange.#connection.keepAlive(-1);
    }
    exchange.#connection.closed(exchange);
  }

  #awaitTrailers(): void {
    this.#trailersDue = true;
    this.#stream.on("wantTrailers", Http2Exchange.#onWantTrailers);
  }

  static #onWantTrailers(this: ServedStream): void {
    const exchange = this[exchangeKey];
    if (exchange === undefined) {
      return;
    }
    exchange.#trailersDue = false;
    this.sendTrailers(exchange.#trailers);
    if (exchange.#closeAfterTrailers) {
      setImmediate(() => {
        exchange.#close();
      });
    }
  }

  /** NO_ERROR tells the client to keep the response, and to stop sending (RFC 9113, §8.1). */
  #close(): void {
    if (!this.#stream.closed) {
      this.#stream.close(constants.NGHTTP2_NO_ERROR);
    }
  }

  destroy(): void {
    this.#ended = false;
    if (!this.#stream.closed) {
      this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    }
    this.#stream.destroy();
  }
}
