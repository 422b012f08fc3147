import type { UniversalHandlerOptions } from "@connectrpc/connect/protocol";
import type { PlainUnary } from "../../transcoding/index.ts";
import type { UnaryForm } from "./form.ts";

/** JSON over HTTP by a template. */
export function restForm(
  plain: PlainUnary,
  options: UniversalHandlerOptions,
  moreHeader: readonly string[],
): UnaryForm {
  return {
    spec: plain.spec,
    protocol: "rest",
    maxBytes: options.readMaxBytes,
    header: {},
    trailer: {},
    plainHeader: ["content-type", plain.contentType, ...moreHeader],
    hasLength: true,
    acceptEncodingHeader: "accept-encoding",
    // A request with a timeout is none of ours.
    timeout: () => undefined,
    read: (body, match, contentType) =>
      match === undefined ? undefined : plain.read(match, contentType, body),
    write: (message) => plain.write(message),
    frame: (message) => message,
    answer: (context, message) => plain.answer(context, message),
    failure: (context, reason) => plain.failure(context, reason),
  };
}
