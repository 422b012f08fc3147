import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { TranscodingResponse } from "../../transcoding/index.ts";
import { grpcWebStatus } from "../request/grpc-web-text.ts";
import { toNodeHeaders } from "../connection/exchange/exchange.ts";
import { connectEndError } from "./connect-end.ts";
import type { HttpLimits } from "../limits.ts";
import type { RunningRequest } from "../request/running-request.ts";

/** Larger pieces are split, so that the progress of a slow but honest reader is noticed. */
const pieceBytes = 64 * 1024;

/**
 * Sends a response so that it arrives: a client that is still sending its request may not read the response before
 * it is done.
 */
export async function send(
  running: RunningRequest,
  given: TranscodingResponse,
  limits: HttpLimits,
): Promise<void> {
  const { exchange } = running;
  const { body } = exchange;
  const pieces = given.body?.[Symbol.asyncIterator]();
  // Before the header, since the method may still set headers.
  let piece = await pieces?.next();
  const isEarly = !body.complete && !running.clientStreams;
  const response =
    isEarly && exchange.httpVersion === "2.0" && piece?.done !== false
      ? trailersOnly(given)
      : given;
  if (exchange.isGone()) {
    await pieces?.return?.();
    return;
  }
  const bodiless =
    exchange.method === "HEAD" ||
    response.status === 204 ||
    response.status === 304;
  const header = toNodeHeaders(
    response.header ?? new Headers(),
    exchange.httpVersion === "2.0",
  );
  const { trailer } = response;
  const streams =
    running.serverStreams &&
    !bodiless &&
    piece?.done === false &&
    header["content-length"] === undefined;
  // nginx would keep messages until it has a buffer full of them. It passes gRPC on as it is.
  if (streams && running.protocol !== "grpc") {
    header["x-accel-buffering"] = "no";
  }
  exchange.head(response.status, header, {
    trailers: trailer !== undefined,
    last:
      trailer === undefined &&
      (bodiless || piece === undefined || piece.done === true),
  });
  running.status = response.status;
  if (bodiless) {
    await pieces?.return?.();
  } else {
    if (streams) {
      beginHeartbeat(running, given.heartbeat);
    }
    try {
      while (
        pieces !== undefined &&
        piece !== undefined &&
        piece.done !== true
      ) {
        if (running.protocol === "grpc-web") {
          running.grpcStatus = grpcWebStatus(piece.value) ?? running.grpcStatus;
        }
        if (running.protocol === "connect" && running.serverStreams) {
          running.failure ??= connectEndError(piece.value);
        }
        await write(running, piece.value);
        piece = await pieces.next();
      }
    } catch (reason) {
      // Ends the source of the body when the client has left; an error of the source aborts the response visibly.
      pieces?.throw?.(reason).catch(() => undefined);
      exchange.destroy();
      return;
    }
  }
  running.stopHeartbeat();
  if (exchange.isGone()) {
    return;
  }
  running.grpcStatus ??=
    trailer?.get("grpc-status") ??
    response.header?.get("grpc-status") ??
    undefined;
  exchange.end(
    trailer === undefined
      ? undefined
      : toNodeHeaders(trailer, exchange.httpVersion === "2.0"),
  );
  running.awaitClient();
  if (body.complete) {
    return;
  }
  exchange.release(await body.drain(limits.drainBytes, limits.drainTimeoutMs));
}

/**
 * A response without a message, as one header, which gRPC calls "Trailers-Only". connect-go ends its request short when it sees a
 * header; the reset that follows would overtake trailers, which Node sends a moment later.
 */
function trailersOnly(
  response: UniversalServerResponse,
): UniversalServerResponse {
  const { status, header, trailer } = response;
  if (trailer === undefined) {
    return response;
  }
  const all = new Headers(header);
  for (const [name, value] of trailer) {
    all.append(name, value);
  }
  return { status, header: all };
}

/** @param heartbeat what the body may hold between two messages. RPC protocols have nothing that is no message. */
function beginHeartbeat(
  running: RunningRequest,
  heartbeat: Uint8Array | undefined,
): void {
  if (heartbeat === undefined) {
    running.exchange.keepAlive();
  } else {
    running.startHeartbeat(heartbeat);
  }
}

async function write(
  running: RunningRequest,
  chunk: Uint8Array,
): Promise<void> {
  running.sent += chunk.byteLength;
  if (chunk.byteLength === 0) {
    running.exchange.flush();
  }
  // What is not written yet waits here, and the message that it was made of beside it.
  const held = chunk.byteLength > pieceBytes ? 2 * chunk.byteLength : 0;
  running.exchange.hold(held);
  for (let start = 0; start < chunk.byteLength; start += pieceBytes) {
    if (running.exchange.isGone()) {
      throw new ConnectError("the client went away", Code.Canceled);
    }
    const part =
      chunk.byteLength <= pieceBytes
        ? chunk
        : chunk.subarray(start, start + pieceBytes);
    const wait = running.exchange.write(part);
    if (wait === undefined) {
      continue;
    }
    running.awaitClient();
    await wait;
    running.clientTook();
  }
  running.exchange.hold(-held);
}
