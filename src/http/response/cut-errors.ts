import { ConnectError } from "@connectrpc/connect";
import type { Interceptor } from "@connectrpc/connect";
import { cut, maxMessageBytes } from "../../transcoding/index.ts";

/**
 * An error with a message that fits into what clients take: one that repeats what was sent is as long as that, and a trailer of HTTP/2
 * that is longer than a frame ends the connection. Anything but a ConnectError as it is.
 */
export function cutError<Reason>(error: Reason): Reason | ConnectError {
  if (!(error instanceof ConnectError)) return error;
  const { rawMessage, code, metadata, cause } = error;
  const message = cut(rawMessage, maxMessageBytes);
  if (message === rawMessage) return error;
  const short = new ConnectError(message, code, metadata, undefined, cause);
  short.details = error.details;
  short.isWireError = error.isWireError;
  return short;
}

/** Cuts the errors of Connect's streams: of their messages that cannot be read, and of their methods. */
export const cutErrors: Interceptor = (next) => async (request) => {
  try {
    const response = await next(
      request.stream
        ? { ...request, message: cutting(request.message) }
        : request,
    );
    return response.stream
      ? { ...response, message: cutting(response.message) }
      : response;
  } catch (error) {
    throw cutError(error);
  }
};

async function* cutting<Message>(
  messages: AsyncIterable<Message>,
): AsyncGenerator<Message> {
  try {
    yield* messages;
  } catch (error) {
    throw cutError(error);
  }
}
