import type { Interceptor } from "@connectrpc/connect";
import { cutError } from "../../transcoding/index.ts";

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
