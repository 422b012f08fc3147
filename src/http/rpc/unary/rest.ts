import type { HeaderField, UnaryRoute } from "../../../transcoding/index.ts";
import type { RequestHead } from "../../request/head.ts";
import { CompressedMessage } from "./form.ts";
import type { UnaryForm, UnaryRequest } from "./form.ts";
import { rawHeader } from "./request-headers.ts";

/** JSON over HTTP by a template. */
export function restForm(
  route: UnaryRoute,
  moreHeader: readonly string[],
): UnaryForm {
  const { contentType, successStatus } = route;
  return {
    spec: route.spec,
    protocol: "rest",
    body: { maxBytes: route.maxBodyBytes, tooLong: route.bodyTooLong },
    header: {},
    trailer: {},
    constantHeader:
      contentType === undefined || successStatus !== 200
        ? undefined
        : ["content-type", contentType, ...moreHeader],
    hasLength: true,
    encodingHeader: "content-encoding",
    timeout(rawHeaders) {
      const { timeoutMs, fault } = route.timeout(fieldsOf(rawHeaders));
      return { timeoutMs, error: fault };
    },
    admit: ({ running, head }) =>
      isUsual(head)
        ? undefined
        : route.admit(fieldsOf(running.exchange.rawHeaders)),
    open: (body, _request, compression) =>
      compression === undefined || body.byteLength === 0
        ? body
        : new CompressedMessage(compression, body),
    read: (message, { match, head }) => {
      if (match === undefined) {
        throw new Error("a request without its match");
      }
      return route.read(match, head.contentType, message);
    },
    write(message, context) {
      const written = route.write(message);
      if (written instanceof Promise) {
        return written.then(({ bytes }) => bytes);
      }
      if (contentType === undefined) {
        context.responseHeader.set("content-type", written.contentType);
      }
      return written.bytes;
    },
    compression: ({ head }: UnaryRequest, byteLength) =>
      route.compression(head.acceptEncoding ?? null, byteLength),
    frame: (message) => message,
    respond: (context, bytes) =>
      route.respond(context, {
        contentType:
          contentType ?? context.responseHeader.get("content-type") ?? "",
        bytes,
      }),
    failure: (context, reason) => route.fail(context, reason),
  };
}

/** Whether the header holds nothing that any route might refuse: what most requests have. */
function isUsual({ contentType, accept, contentEncoding }: RequestHead) {
  return (
    (contentType === "" || contentType === "application/json") &&
    (accept === "" || accept === "*/*") &&
    contentEncoding === undefined
  );
}

function fieldsOf(rawHeaders: readonly string[]): HeaderField {
  return (name) => rawHeader(rawHeaders, name) ?? null;
}
