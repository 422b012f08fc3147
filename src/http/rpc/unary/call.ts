import { Code, ConnectError } from "@connectrpc/connect";
import type { HandlerContext } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { Message } from "@bufbuild/protobuf";
import { startDeadline } from "../../../transcoding/index.ts";
import type { BodyCollector } from "../../connection/exchange/body-collector.ts";
import { runLongWork } from "../../../pacing/long-work.ts";
import type { FairCompression } from "../compressions.ts";
import { hasLapsed } from "../gate-renewal.ts";
import { requestIdHeader } from "../../request/id.ts";
import { UnaryContext } from "./context.ts";
import type { RunningCall } from "../../request/running-request.ts";
import type { CallPlan } from "./call-plan.ts";
import { CompressedMessage } from "./form.ts";
import type { CallTimeout, UnaryRequest } from "./form.ts";
import { whenMade } from "./when-made.ts";

/** A longer response is sent in pieces, so that a slow but honest reader is seen to make progress. */
const maxPieceBytes = 64 * 1024;

/** Reading a longer message is long work, in bytes: two milliseconds, where it is JSON of many small values. */
const largeMessageBytes = 32 * 1024;

const noBytes = new Uint8Array(0);

/** Begins a call with the header of its request. */
export function beginUnaryCall(plan: CallPlan, request: UnaryRequest): void {
  const { form } = plan;
  const { running, head } = request;
  const { exchange } = running;
  running.rpc = plan.name;
  running.protocol = form.protocol;
  exchange.body.timeouts = plan.bodyTimeouts;
  const timeout = head.saysTimeout
    ? form.timeout(exchange.rawHeaders)
    : undefined;
  const call = new UnaryCall(plan, request, timeout);
  running.call = call;
  call.start();
}

/**
 * One unary call: gate → header → body → decompression → message → method → response. It gets one response, by whatever comes
 * first: the method, an error, the deadline, the end of the server. Nothing stands between the socket and the method, no stream,
 * generator, web request or signal, unless the method asks for it.
 */
export class UnaryCall implements BodyCollector, RunningCall {
  readonly #plan: CallPlan;
  readonly #request: UnaryRequest;
  readonly #context: UnaryContext;
  readonly #timeout: CallTimeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  #compression: FairCompression | undefined;
  /** When the gate consented to a call whose body was awaited from then on. */
  #consentedAt: number | undefined;
  #over = false;

  constructor(
    plan: CallPlan,
    request: UnaryRequest,
    timeout: CallTimeout | undefined,
  ) {
    this.#plan = plan;
    this.#request = request;
    this.#timeout = timeout;
    this.#context = new UnaryContext(
      plan.form,
      request.running,
      timeout?.timeoutMs,
    );
  }

  start(): void {
    const { shutdownSignal } = this.#plan.options;
    if (shutdownSignal?.aborted === true) {
      this.fail(shutdownSignal.reason);
      return;
    }
    if (!this.#startTimer()) {
      return;
    }
    this.#askGate(() => {
      this.#admit();
    });
  }

  /** Responds with an error, unless a response was sent. */
  fail(reason: unknown): void {
    if (this.#over) {
      return;
    }
    this.#end(reason);
    const { form } = this.#plan;
    this.#request.running.failure = reason;
    this.#send(() =>
      form.failure(this.#context, reason, (byteLength) =>
        form.compression(this.#request, byteLength, this.#compression),
      ),
    );
  }

  leave(): void {
    if (this.#over) {
      return;
    }
    this.#end(new ConnectError("the client went away", Code.Canceled));
  }

  complete(body: Uint8Array): void {
    if (this.#over) {
      return;
    }
    const consentedAt = this.#consentedAt;
    if (
      consentedAt !== undefined &&
      hasLapsed(consentedAt, this.#plan.stopwatch())
    ) {
      this.#askGate(() => {
        this.#open(body);
      });
    } else {
      this.#open(body);
    }
  }

  failed(reason: unknown): void {
    this.fail(reason);
  }

  #startTimer(): boolean {
    const timeoutMs = this.#timeout?.timeoutMs;
    if (timeoutMs === undefined) {
      return true;
    }
    this.#timer = startDeadline(timeoutMs, (reason) => {
      this.fail(reason);
    });
    return this.#timer !== undefined;
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
    if (waiting === undefined) {
      consented();
    } else {
      waiting.then(consented, (error: unknown) => {
        this.#failMapped(error);
      });
    }
  }

  #admit(): void {
    if (this.#over) {
      return;
    }
    const { form, stopwatch } = this.#plan;
    const { running, head } = this.#request;
    try {
      if (this.#timeout?.error !== undefined) {
        throw this.#timeout.error;
      }
      this.#compression = form.admit(this.#request, this.#context);
      if (
        form.body !== undefined &&
        (head.declaredLength ?? 0) > form.body.maxBytes
      ) {
        throw form.body.tooLong();
      }
    } catch (reason) {
      this.fail(reason);
      return;
    }
    if (form.body === undefined) {
      this.#open(noBytes);
      return;
    }
    const { body } = running.exchange;
    if (!body.complete) {
      this.#consentedAt = stopwatch();
    }
    body.collect(form.body, this);
  }

  #open(body: Uint8Array): void {
    if (this.#over) {
      return;
    }
    const { form, options } = this.#plan;
    let message: Uint8Array | CompressedMessage;
    try {
      message = form.open(body, this.#request, this.#compression);
    } catch (reason) {
      this.fail(reason);
      return;
    }
    if (!(message instanceof CompressedMessage)) {
      this.#invoke(message);
      return;
    }
    const { compression, bytes } = message;
    compression.decompress(bytes, options.readMaxBytes, this.#context).then(
      (decompressed) => {
        this.#request.running.exchange.hold(decompressed.byteLength);
        this.#invoke(decompressed);
      },
      (reason: unknown) => {
        this.fail(reason);
      },
    );
  }

  #invoke(bytes: Uint8Array): void {
    if (bytes.byteLength <= largeMessageBytes) {
      this.#read(bytes);
      return;
    }
    const read = () => {
      this.#read(bytes);
    };
    // Where the call is over before its turn comes, it has been responded to.
    runLongWork(read, this.#context.turn).catch((reason: unknown) => {
      this.fail(reason);
    });
  }

  #read(bytes: Uint8Array): void {
    if (this.#over) {
      return;
    }
    const { form, invoke } = this.#plan;
    let message: Message;
    try {
      message = form.read(bytes, this.#request);
    } catch (reason) {
      this.fail(reason);
      return;
    }
    let output: Message | Promise<Message>;
    try {
      output = invoke(this.#context, message);
    } catch (error) {
      this.#failMapped(error);
      return;
    }
    whenMade(
      output,
      (made) => {
        this.#succeed(made);
      },
      (error) => {
        this.#failMapped(error);
      },
    );
  }

  #failMapped(error: unknown): void {
    this.fail(this.#plan.mapError(error));
  }

  #succeed(output: Message): void {
    if (this.#over) {
      return;
    }
    let written: Uint8Array | Promise<Uint8Array>;
    try {
      written = this.#plan.form.write(output, this.#context);
    } catch (reason) {
      this.fail(reason);
      return;
    }
    whenMade(
      written,
      (bytes) => {
        this.#respond(bytes);
      },
      (reason) => {
        this.fail(reason);
      },
    );
  }

  #respond(bytes: Uint8Array): void {
    if (this.#over) {
      return;
    }
    const { form } = this.#plan;
    const compression = form.compression(
      this.#request,
      bytes.byteLength,
      this.#compression,
    );
    this.#end(undefined);
    if (!this.#isUsual() || bytes.byteLength > maxPieceBytes) {
      this.#send(() => form.respond(this.#context, bytes, compression));
      return;
    }
    if (compression === undefined) {
      this.#sendComplete(form.frame(bytes, false), undefined);
      return;
    }
    compression.compress(bytes, this.#context).then(
      (compressed) => {
        this.#sendComplete(form.frame(compressed, true), compression.name);
      },
      (fault: unknown) => {
        this.#send(() => {
          throw fault;
        });
      },
    );
  }

  /** Whether the header of the response is known from the start, and all of the request is there. */
  #isUsual(): boolean {
    const { form } = this.#plan;
    const { running, head } = this.#request;
    const { exchange } = running;
    return (
      form.constantHeader !== undefined &&
      !this.#context.isResponseTouched &&
      head.origin === undefined &&
      exchange.method !== "HEAD" &&
      // The trailers of HTTP/1.1 need a body in chunks.
      (form.protocol !== "grpc" || exchange.httpVersion === "2.0") &&
      exchange.body.complete
    );
  }

  #sendComplete(body: Uint8Array, encoding: string | undefined): void {
    const { form, respond } = this.#plan;
    const { running } = this.#request;
    const { exchange } = running;
    if (exchange.isGone()) {
      return;
    }
    const header = [
      ...(form.constantHeader ?? []),
      requestIdHeader,
      running.requestId,
    ];
    if (encoding !== undefined) {
      header.push(form.encodingHeader, encoding);
    }
    if (form.hasLength) {
      header.push("content-length", String(body.byteLength));
    }
    running.status = 200;
    running.sent = body.byteLength;
    if (form.protocol === "grpc" || form.protocol === "grpc-web") {
      running.grpcStatus = "0";
    }
    try {
      exchange.sendComplete(
        header,
        body,
        form.protocol === "grpc" ? form.trailer : undefined,
      );
    } catch (fault) {
      respond.onFault(fault);
      exchange.destroy();
      return;
    }
    running.awaitClient();
  }

  #send(
    make: () => UniversalServerResponse | Promise<UniversalServerResponse>,
  ): void {
    const { running, head } = this.#request;
    this.#plan.respond.send(running, head, make);
  }

  #end(reason: unknown): void {
    this.#over = true;
    this.#request.running.call = undefined;
    clearTimeout(this.#timer);
    this.#context.abort(reason);
  }
}
