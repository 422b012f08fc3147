import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ContextValues, HandlerContext } from "@connectrpc/connect";
import type { Turn } from "../../../pacing/turns.ts";
import { networkOf } from "../../connection/budget/connection-count.ts";
import type { Owner } from "../compressions.ts";
import { safeUrl } from "../http-request.ts";
import { requestIdKey } from "../../request/id.ts";
import type { RunningRequest } from "../../request/running-request.ts";
import { CallValues } from "./call-values.ts";
import { RequestHeaders } from "./request-headers.ts";

/** Header fields that a response begins with, by name. */
export type Fields = Readonly<Record<string, string>>;

/** What a context knows of the form of its call. */
export interface ContextForm {
  readonly spec: { readonly method: DescMethod };
  readonly protocol: string;
  /** What the header and the trailer of a response begin with. */
  readonly header: Fields;
  readonly trailer: Fields;
}

const noTimeout = () => undefined;

/** Connect's context of a call, whose costly parts are made when somebody asks for them: most calls need none. */
export class UnaryContext implements HandlerContext, Owner {
  readonly method: DescMethod;
  readonly service: DescService;
  readonly protocolName: string;
  readonly values: ContextValues;
  readonly timeoutMs: () => number | undefined;
  readonly #form: ContextForm;
  readonly #request: RunningRequest;
  #requestHeader: Headers | undefined;
  #responseHeader: Headers | undefined;
  #responseTrailer: Headers | undefined;
  #controller: AbortController | undefined;
  #aborted = false;
  #reason: unknown;

  /** @param timeoutMs milliseconds that the client gives the call */
  constructor(
    form: ContextForm,
    request: RunningRequest,
    timeoutMs: number | undefined,
  ) {
    this.method = form.spec.method;
    this.service = form.spec.method.parent;
    this.protocolName = form.protocol;
    this.values = new CallValues().set(requestIdKey, request.requestId);
    this.timeoutMs = timeoutMs === undefined ? noTimeout : countdown(timeoutMs);
    request.values = this.values;
    this.#form = form;
    this.#request = request;
  }

  get requestMethod(): string {
    return this.#request.exchange.method;
  }

  get url(): string {
    return safeUrl(this.#request.exchange.target, this.#request.path);
  }

  get requestHeader(): Headers {
    // They have all that the interface of web Headers asks for, and become real ones when more than single values are wanted.
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
    return (this.#requestHeader ??= new RequestHeaders(
      this.#request.exchange.rawHeaders,
    ));
  }

  get responseHeader(): Headers {
    return (this.#responseHeader ??= new Headers(this.#form.header));
  }

  get responseTrailer(): Headers {
    return (this.#responseTrailer ??= new Headers(this.#form.trailer));
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) {
        this.#controller.abort(this.#reason);
      }
    }
    return this.#controller.signal;
  }

  /**
   * The turn for long work: that of the client's network, for as long as the call runs, and once it is over, as its response is made, until the
   * client leaves.
   */
  get turn(): Turn {
    const { clientAddress } = this.#request;
    return {
      of: networkOf(clientAddress),
      signal: this.#aborted ? this.#untilGone() : this.signal,
    };
  }

  #untilGone(): AbortSignal {
    const { exchange } = this.#request;
    const gone = new AbortController();
    exchange.onGone(() => {
      gone.abort(new ConnectError("the client went away", Code.Canceled));
    });
    return gone.signal;
  }

  /** Whether the header or the trailer of the response was read, and so may have been changed. */
  get isResponseTouched(): boolean {
    return (
      this.#responseHeader !== undefined || this.#responseTrailer !== undefined
    );
  }

  /** Aborts the signal of the call. Only the first call has an effect. */
  abort(reason?: unknown): void {
    if (this.#aborted) {
      return;
    }
    this.#aborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

/** Rounded to milliseconds, as in Connect's own context; gRPC's clients send micro- and nanoseconds too. */
function countdown(timeoutMs: number): () => number {
  const end = Math.trunc(Date.now() + timeoutMs);
  return () => end - Date.now();
}
