import { create } from "@bufbuild/protobuf";
import type { DescMethodUnary, Message } from "@bufbuild/protobuf";
import type {
  HandlerContext,
  Interceptor,
  MethodImplSpec,
  UnaryRequest,
  UnaryResponse,
} from "@connectrpc/connect";
import type { UnaryContext } from "./context.ts";

/** A method with one request and one response. */
export type UnarySpec = MethodImplSpec & { kind: "unary" };

/** Runs a method with its interceptors. */
export type Invoke = (
  context: UnaryContext,
  message: Message,
) => Message | Promise<Message>;

type Next = Parameters<Interceptor>[0];
type AnyRequest = Parameters<Next>[0];
type AnyResponse = Awaited<ReturnType<Next>>;

/**
 * As Connect's `invokeUnaryImplementation`, but without making headers and signal for each call: interceptors get requests and responses
 * in Connect's form, whose headers and signal are made when they are first read.
 */
export function createInvoke(
  spec: UnarySpec,
  interceptors: readonly Interceptor[],
): Invoke {
  const { method } = spec;
  if (interceptors.length === 0) {
    return (context, message) => {
      const output = spec.impl(message, context);
      return output instanceof Promise
        ? output.then((init) => create(method.output, init))
        : create(method.output, output);
    };
  }
  const [innermost, ...outer] = [...interceptors].reverse();
  return async (context, message) => {
    const request = new InvokedRequest(spec.method, context, message);
    const last: Next = async (seen) => {
      // Of Connect's own types only streams have anything else.
      const input = seen.message as Message;
      const output = await spec.impl(
        input,
        seen === request ? context : contextFor(context, seen),
      );
      return new InvokedResponse(
        spec.method,
        context,
        create(method.output, output),
      );
    };
    let next = innermost === undefined ? last : innermost(last);
    for (const interceptor of outer) {
      next = interceptor(completing(next, context));
    }
    const response = (await next(request)) as UnaryResponse;
    if (!(response instanceof InvokedResponse)) {
      takeHeaders(response, context);
    }
    return response.message;
  };
}

class InvokedRequest implements UnaryRequest {
  readonly stream = false;
  readonly method: DescMethodUnary;
  readonly message: Message;
  readonly service;
  readonly requestMethod;
  readonly url;
  readonly contextValues;
  readonly #context: UnaryContext;

  constructor(
    method: DescMethodUnary,
    context: UnaryContext,
    message: Message,
  ) {
    this.method = method;
    this.message = message;
    this.service = context.service;
    this.requestMethod = context.requestMethod;
    this.url = context.url;
    this.contextValues = context.values;
    this.#context = context;
  }

  get header(): Headers {
    return this.#context.requestHeader;
  }

  get signal(): AbortSignal {
    return this.#context.signal;
  }
}

class InvokedResponse implements UnaryResponse {
  readonly stream = false;
  readonly method: DescMethodUnary;
  readonly message: Message;
  readonly service;
  readonly #context: UnaryContext;

  constructor(
    method: DescMethodUnary,
    context: UnaryContext,
    message: Message,
  ) {
    this.method = method;
    this.message = message;
    this.service = context.service;
    this.#context = context;
  }

  get header(): Headers {
    return this.#context.responseHeader;
  }

  get trailer(): Headers {
    return this.#context.responseTrailer;
  }
}

/** What is read on demand gets lost where an interceptor copies by spreading: the next one finds it again. */
function completing(next: Next, context: UnaryContext): Next {
  return async (request) => {
    const response = await next(
      request instanceof InvokedRequest
        ? request
        : completeRequest(request, context),
    );
    return response instanceof InvokedResponse
      ? response
      : completeResponse(response, context);
  };
}

function completeRequest(
  request: AnyRequest,
  context: UnaryContext,
): AnyRequest {
  const copy: { header?: Headers; signal?: AbortSignal } = request;
  const header = copy.header ?? context.requestHeader;
  return { ...request, header, signal: copy.signal ?? context.signal };
}

function completeResponse(
  response: AnyResponse,
  context: UnaryContext,
): AnyResponse {
  const copy: { header?: Headers; trailer?: Headers } = response;
  const header = copy.header ?? context.responseHeader;
  const trailer = copy.trailer ?? context.responseTrailer;
  return { ...response, header, trailer };
}

/** The context for a request that an interceptor has put in the place of ours. */
function contextFor(context: UnaryContext, given: AnyRequest): HandlerContext {
  const request = completeRequest(given, context);
  return {
    method: context.method,
    service: request.service,
    protocolName: context.protocolName,
    requestMethod: context.requestMethod,
    url: context.url,
    timeoutMs: context.timeoutMs,
    requestHeader: request.header,
    signal: request.signal,
    values: request.contextValues,
    responseHeader: context.responseHeader,
    responseTrailer: context.responseTrailer,
  };
}

function takeHeaders(given: UnaryResponse, context: UnaryContext): void {
  const { header, trailer } = completeResponse(given, context);
  copyHeaders(header, context.responseHeader);
  copyHeaders(trailer, context.responseTrailer);
}

function copyHeaders(from: Headers, to: Headers): void {
  if (from === to) {
    return;
  }
  for (const name of [...to.keys()]) {
    to.delete(name);
  }
  for (const [name, value] of from) {
    to.append(name, value);
  }
}
