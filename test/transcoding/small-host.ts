import type { HandlerContext } from "@connectrpc/connect";
import { createHandlerContext } from "@connectrpc/connect";
import {
  invokeUnaryImplementation,
  validateUniversalHandlerOptions,
} from "@connectrpc/connect/protocol";
import type {
  UniversalHandlerOptions,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import type {
  Transcoder,
  TranscodingMatch,
  TranscodingRequest,
  UnaryRoute,
} from "../../src/transcoding/index.ts";

type Found = Extract<TranscodingMatch, { readonly kind: "found" }>;

/** Serves all that a transcoder has: the smallest host, without limits on time. The README shows its middle part. */
export async function serveAll(
  transcoder: Transcoder,
  options: Partial<UniversalHandlerOptions>,
  request: TranscodingRequest,
): Promise<UniversalServerResponse> {
  const match = transcoder.match(request.method, request.target);
  const route =
    match.kind === "found" ? transcoder.unary(match.route) : undefined;
  return match.kind === "found" && route !== undefined
    ? serveUnary(route, match, options, request)
    : transcoder.handle(request, match);
}

async function serveUnary(
  route: UnaryRoute,
  match: Found,
  given: Partial<UniversalHandlerOptions>,
  request: TranscodingRequest,
): Promise<UniversalServerResponse> {
  const options = validateUniversalHandlerOptions(given);
  const context = contextOf(route, request);
  const field = (name: string) => request.header.get(name);
  try {
    await options.requestGate?.(context);
    const { fault } = route.timeout(field);
    if (fault !== undefined) {
      throw fault;
    }
    const compression = route.admit(field);
    let body = await read(request, route);
    if (compression !== undefined && body.length > 0) {
      body = await compression.decompress(body, options.readMaxBytes);
    }
    const message = route.read(match, field("content-type") ?? "", body);
    const output = await invokeUnaryImplementation(
      route.spec,
      context,
      message,
      options.interceptors,
    );
    return await route.respond(context, await route.write(output));
  } catch (reason) {
    return await route.fail(context, reason);
  } finally {
    context.abort();
  }
}

function contextOf(
  { spec }: UnaryRoute,
  request: TranscodingRequest,
): HandlerContext & { abort(reason?: unknown): void } {
  return createHandlerContext({
    service: spec.method.parent,
    method: spec.method,
    protocolName: "rest",
    requestMethod: request.method,
    url: request.url,
    requestHeader: request.header,
    requestSignal: request.signal,
  });
}

async function read(
  { body, header }: TranscodingRequest,
  { maxBodyBytes, bodyTooLong }: UnaryRoute,
): Promise<Uint8Array> {
  if (Number(header.get("content-length")) > maxBodyBytes) {
    throw bodyTooLong();
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.byteLength;
    if (length > maxBodyBytes) {
      throw bodyTooLong();
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
