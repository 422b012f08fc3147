import { Code, ConnectError } from "@connectrpc/connect";
import type { HandlerContext } from "@connectrpc/connect";
import type {
  Compression,
  UniversalHandlerOptions,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import { compressionNegotiate } from "@connectrpc/connect/protocol";
import type { Message } from "@bufbuild/protobuf";
import type { BodyCollector, BodyPatience } from "../body.ts";
import { hasLapsed } from "../gate-renewal.ts";
import type { Stopwatch } from "../gate-renewal.ts";
import { maxTimerMs } from "../limits.ts";
import type { MapError } from "../mapped-errors.ts";
import type { RequestHead } from "../request-head.ts";
import { requestIdHeader } from "../request-id.ts";
import type { Listed, Roster } from "../roster.ts";
import type { RunningRequest } from "../running-request.ts";
import type { UnaryContext } from "./context.ts";
import type { CallTimeout, RestMatch, UnaryForm } from "./form.ts";
import type { Invoke } from "./invoke.ts";
import { rawHeader } from "./raw-headers.ts";

/** The general way to answer: whatever is not plain goes there. */
export interface GeneralWay {
  /** Serves the request as if nobody had looked at it yet. */
  serve(running: RunningRequest, head: RequestHead): void;
  /** Sends an answer. */
  reply(
    running: RunningRequest,
    head: RequestHead,
    response: UniversalServerResponse,
  ): void;
  onFault(fault: unknown): void;
}

/** What is the same for all calls of one method in one form. */
export interface CallPlan {
  readonly form: UnaryForm;
  /** `package.Service/Method`, for the log. */
  readonly name: string;
  /** Whether a request may have a body; always so but for templates without one. */
  readonly takesBody: boolean;
  /** How long the body is awaited. */
  readonly patience: BodyPatience;
  readonly stopwatch: Stopwatch;
  readonly invoke: Invoke;
  /** For what the gate and the method throw. */
  readonly mapError: MapError;
  readonly options: UniversalHandlerOptions;
  readonly general: GeneralWay;
  /** Calls that run: a shutdown aborts them. */
  readonly running: Roster<UnaryCall>;
}

/** Above it an answer is sent in pieces, which is the general way's business. */
const maxPlainBytes = 64 * 1024;

/**
 * One unary call: gate → body → message → method → answer. It is answered once, by whatever comes first: the method, an error, the
 * deadline, the end of the server.
 */
export class UnaryCall implements BodyCollector, Listed {
  place = -1;
  readonly announcesTooMuch: UnaryForm["announcesTooMuch"];
  readonly #plan: CallPlan;
  readonly #request: RunningRequest;
  readonly #head: RequestHead;
  readonly #match: RestMatch | undefined;
  readonly #context: UnaryContext;
  readonly #timeout: CallTimeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  #consentedAt = 0;
  #over = false;

  constructor(
    plan: CallPlan,
    request: RunningRequest,
    head: RequestHead,
    match: RestMatch | undefined,
    context: UnaryContext,
    timeout: CallTimeout | undefined,
  ) {
    this.announcesTooMuch = plan.form.announcesTooMuch;
    this.#plan = plan;
    this.#request = request;
    this.#head = head;
    this.#match = match;
    this.#context = context;
    this.#timeout = timeout;
  }

  start(): void {
    const { running, options } = this.#plan;
    const { shutdownSignal } = options;
    running.add(this);
    if (shutdownSignal?.aborted === true) {
      this.fail(shutdownSignal.reason);
      return;
    }
    if (!this.#startTimer()) return;
    this.#askGate(() => {
      this.#admitted();
    });
  }

  /** Answers with an error, unless there is an answer already. */
  fail(reason: unknown): void {
    if (this.#over) return;
    this.#end(reason);
    const { form } = this.#plan;
    this.#reply(() => form.failure(this.#context, reason, this.#compression()));
  }

  /** The client has left: nobody is to be answered. */
  leave(): void {
    if (this.#over) return;
    this.#end(new ConnectError("the client went away", Code.Canceled));
  }

  whole(body: Uint8Array): void {
    if (this.#over) return;
    if (hasLapsed(this.#consentedAt, this.#plan.stopwatch()))
      this.#askGate(() => {
        this.#carryOut(body);
      });
    else this.#carryOut(body);
  }

  tooLong(): void {
    this.#giveUp();
  }

  failed(reason: unknown): void {
    this.fail(reason);
  }

  #askGate(consented: () => void): void {
    const { requestGate } = this.#plan.options;
    let waiting: ReturnType<(context: HandlerContext) => void | Promise<void>>;
    try {
      waiting = requestGate?.(this.#context);
    } catch (error) {
      this.#failMapped(error);
      return;
    }
    if (waiting === undefined) consented();
    else
      waiting.then(consented, (error: unknown) => {
        this.#failMapped(error);
      });
  }

  #carryOut(body: Uint8Array): void {
    if (this.#over) return;
    const { form, invoke } = this.#plan;
    let message: Message | undefined;
    try {
      message = form.read(body, this.#match, this.#head.contentType);
    } catch (reason) {
      this.fail(reason);
      return;
    }
    if (message === undefined) {
      this.#request.exchange.body.putBack(body);
      this.#giveUp();
      return;
    }
    let output: Message | Promise<Message>;
    try {
      output = invoke(this.#context, message);
    } catch (error) {
      this.#failMapped(error);
      return;
    }
    if (output instanceof Promise)
      output.then(
        (made) => {
          this.#succeed(made);
        },
        (error: unknown) => {
          this.#failMapped(error);
        },
      );
    else this.#succeed(output);
  }

  #failMapped(error: unknown): void {
    this.fail(this.#plan.mapError(error));
  }

  #startTimer(): boolean {
    const timeoutMs = this.#timeout?.timeoutMs;
    if (timeoutMs === undefined) return true;
    const expire = () => {
      this.fail(
        new ConnectError("the operation timed out", Code.DeadlineExceeded),
      );
    };
    if (timeoutMs <= 0) {
      expire();
      return false;
    }
    this.#timer = setTimeout(expire, Math.min(timeoutMs, maxTimerMs));
    return true;
  }

  #admitted(): void {
    if (this.#over) return;
    if (this.#timeout?.error !== undefined) {
      this.fail(this.#timeout.error);
      return;
    }
    this.#consentedAt = this.#plan.stopwatch();
    this.#request.exchange.body.collect(this.#plan.form.maxBytes, this);
  }

  #succeed(output: Message): void {
    if (this.#over) return;
    const { form, options } = this.#plan;
    let bytes: Uint8Array;
    try {
      bytes = form.write(output);
    } catch (reason) {
      this.fail(reason);
      return;
    }
    const compression =
      bytes.byteLength >= options.compressMinBytes
        ? this.#compression()
        : undefined;
    this.#end(undefined);
    if (
      compression !== undefined ||
      bytes.byteLength > maxPlainBytes ||
      this.#context.answerTouched ||
      this.#head.origin !== undefined
    ) {
      this.#reply(() => form.answer(this.#context, bytes, compression));
      return;
    }
    this.#answerPlainly(form.frame(bytes));
  }

  #answerPlainly(body: Uint8Array): void {
    const { form } = this.#plan;
    const request = this.#request;
    const { exchange } = request;
    if (exchange.isGone()) return;
    const header = form.hasLength
      ? [
          ...form.plainHeader,
          requestIdHeader,
          request.requestId,
          "content-length",
          String(body.byteLength),
        ]
      : [...form.plainHeader, requestIdHeader, request.requestId];
    request.status = 200;
    request.sent = body.byteLength;
    if (form.protocol === "grpc" || form.protocol === "grpc-web")
      request.grpcStatus = "0";
    try {
      exchange.whole(
        header,
        body,
        form.protocol === "grpc" ? form.trailer : undefined,
      );
    } catch (fault) {
      this.#plan.general.onFault(fault);
      exchange.destroy();
      return;
    }
    request.awaitClient();
  }

  #compression(): Compression | undefined {
    const { form, options } = this.#plan;
    const accepted = rawHeader(
      this.#request.exchange.rawHeaders,
      form.acceptEncodingHeader,
    );
    if (accepted === undefined) return undefined;
    return (
      compressionNegotiate(
        options.acceptCompression,
        null,
        accepted,
        form.acceptEncodingHeader,
      ).response ?? undefined
    );
  }

  #reply(
    make: () => UniversalServerResponse | Promise<UniversalServerResponse>,
  ): void {
    const { general } = this.#plan;
    const { exchange } = this.#request;
    const run = async () => {
      general.reply(this.#request, this.#head, await make());
    };
    run().catch((fault: unknown) => {
      general.onFault(fault);
      exchange.destroy();
    });
  }

  /** Hands the request over to the general handlers, which begin anew. */
  #giveUp(): void {
    if (this.#over) return;
    this.#end(undefined);
    this.#plan.general.serve(this.#request, this.#head);
  }

  #end(reason: unknown): void {
    this.#over = true;
    this.#plan.running.delete(this);
    clearTimeout(this.#timer);
    this.#context.abort(reason);
  }
}
