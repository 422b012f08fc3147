import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { ContextValues, HandlerContext } from "@connectrpc/connect";
import { RequestHeaders } from "./request-headers.ts";

/** Header fields that an answer begins with, by name. */
export type Fields = Readonly<Record<string, string>>;

/** What a context is made of. */
export interface ContextInit {
  readonly method: DescMethod;
  readonly protocolName: string;
  readonly requestMethod: string;
  readonly url: string;
  readonly values: ContextValues;
  /** Names and values by turns, as they came. */
  readonly rawHeaders: readonly string[];
  readonly responseHeader: Fields;
  readonly responseTrailer: Fields;
  /** Milliseconds that the client gives the call. */
  readonly timeoutMs: number | undefined;
}

const noTimeout = () => undefined;

/** Connect's context of a call, whose costly parts are made when somebody asks for them: most calls need none. */
export class UnaryContext implements HandlerContext {
  readonly method: DescMethod;
  readonly service: DescService;
  readonly protocolName: string;
  readonly requestMethod: string;
  readonly url: string;
  readonly values: ContextValues;
  readonly timeoutMs: () => number | undefined;
  readonly #init: ContextInit;
  #requestHeader: Headers | undefined;
  #responseHeader: Headers | undefined;
  #responseTrailer: Headers | undefined;
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  constructor(init: ContextInit) {
    this.method = init.method;
    this.service = init.method.parent;
    this.protocolName = init.protocolName;
    this.requestMethod = init.requestMethod;
    this.url = init.url;
    this.values = init.values;
    this.timeoutMs =
      init.timeoutMs === undefined ? noTimeout : countdown(init.timeoutMs);
    this.#init = init;
  }

  get requestHeader(): Headers {
    // They have all that the interface of web Headers asks for, and become real ones when more than single values are wanted.
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
    return (this.#requestHeader ??= new RequestHeaders(this.#init.rawHeaders));
  }

  get responseHeader(): Headers {
    return (this.#responseHeader ??= new Headers(this.#init.responseHeader));
  }

  get responseTrailer(): Headers {
    return (this.#responseTrailer ??= new Headers(this.#init.responseTrailer));
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined)
        this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  /** Whether somebody has asked for the header or the trailer of the answer, and may have changed it. */
  get answerTouched(): boolean {
    return (
      this.#responseHeader !== undefined || this.#responseTrailer !== undefined
    );
  }

  /** Ends the call for whoever listens to its signal. Only the first call counts. */
  abort(reason?: unknown): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = { reason };
    this.#controller?.abort(reason);
  }
}

/** In whole milliseconds, as Connect's own context has it, though gRPC's clients send micro- and nanoseconds. */
function countdown(timeoutMs: number): () => number {
  const end = Math.trunc(Date.now() + timeoutMs);
  return () => end - Date.now();
}
