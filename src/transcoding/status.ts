import {
  create,
  fromBinary,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  type JsonWriteOptions,
  type Message,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import {
  type DurationSchema,
  hasCustomJsonRepresentation,
} from "@bufbuild/protobuf/wkt";
import type { MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  RetryInfoSchema,
} from "../../gen/google/rpc/error_details_pb.js";
import { cut, maxMessageBytes } from "./cut.ts";
import { Fault } from "./fault.ts";

/** The JSON of an error. */
export type ErrorShape =
  /** `{"code": 5, "message": …, "details": […]}`: ProtoJSON of google.rpc.Status. The default. */
  | "status"
  /** `{"error": {"code": 404, "message": …, "status": "NOT_FOUND", "details": […]}}`: https://google.aip.dev/193 */
  | "aip-193";

/** The HTTP status for a code, as grpc-gateway and Google's servers map them. */
export function httpStatus(code: Code): number {
  switch (code) {
    case Code.Canceled:
      return 499;
    case Code.InvalidArgument:
    case Code.FailedPrecondition:
    case Code.OutOfRange:
      return 400;
    case Code.DeadlineExceeded:
      return 504;
    case Code.NotFound:
      return 404;
    case Code.AlreadyExists:
    case Code.Aborted:
      return 409;
    case Code.PermissionDenied:
      return 403;
    case Code.ResourceExhausted:
      return 429;
    case Code.Unimplemented:
      return 501;
    case Code.Unavailable:
      return 503;
    case Code.Unauthenticated:
      return 401;
    default:
      return 500;
  }
}

/** A code's name in google.rpc.Code. */
function codeName(code: Code): string {
  const name = Code[code] as string | undefined;
  if (name === undefined) {
    return "UNKNOWN";
  }
  return code === Code.Canceled
    ? "CANCELLED"
    : name.replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase();
}

/**
 * An error with a message that fits into what clients take: one that repeats what was sent is as long as that, and a trailer of HTTP/2
 * that is longer than a frame ends the connection. Anything but a ConnectError as it is.
 */
export function cutError<Reason>(error: Reason): Reason | ConnectError {
  if (!(error instanceof ConnectError)) {
    return error;
  }
  const { rawMessage, code, metadata, cause } = error;
  const message = cut(rawMessage, maxMessageBytes);
  if (message === rawMessage) {
    return error;
  }
  const short = new ConnectError(message, code, metadata, undefined, cause);
  short.details = error.details;
  short.isWireError = error.isWireError;
  return short;
}

/**
 * What a client may know of a thrown value: a ConnectError and the transcoder's own faults say what they say, anything else is an
 * internal error.
 */
export function toConnectError(reason: unknown): ConnectError {
  if (reason instanceof ConnectError) {
    return cutError(reason);
  }
  if (reason instanceof Fault) {
    const error = new ConnectError(
      reason.message,
      reason.code,
      reason.header,
      undefined,
      reason,
    );
    if (reason.violation !== undefined) {
      error.details.push({
        desc: BadRequestSchema,
        value: { fieldViolations: [{ ...reason.violation }] },
      });
    }
    return error;
  }
  return new ConnectError(
    "internal error",
    Code.Internal,
    undefined,
    undefined,
    reason,
  );
}

/** The JSON of an error, in either shape. `status` is the HTTP status of the response. */
export function errorJson(
  error: ConnectError,
  status: number,
  shape: ErrorShape,
  options: Partial<JsonWriteOptions>,
): JsonObject {
  const details = error.details.map((detail) => detailJson(detail, options));
  const body: JsonObject =
    shape === "status"
      ? { code: error.code, message: error.rawMessage }
      : {
          code: status,
          message: error.rawMessage,
          status: codeName(error.code),
        };
  if (details.length > 0) {
    body["details"] = details;
  }
  return shape === "status" ? body : { error: body };
}

/** How many whole seconds a client should wait, from the error's google.rpc.RetryInfo; undefined without one. */
export function retryAfterSeconds(error: ConnectError): number | undefined {
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return delay === undefined ? undefined : wholeSeconds(delay);
}

function wholeSeconds(delay: MessageShape<typeof DurationSchema>): number {
  return Math.max(0, Number(delay.seconds) + (delay.nanos > 0 ? 1 : 0));
}

/** A detail as google.protobuf.Any in JSON. It never fails: a type that cannot be written becomes its bytes in base64. */
function detailJson(
  detail: ConnectError["details"][number],
  options: Partial<JsonWriteOptions>,
): JsonValue {
  if ("desc" in detail) {
    const message = create(detail.desc, detail.value);
    return (
      messageJson(detail.desc, message, options) ??
      bytesJson(detail.desc.typeName, toBinary(detail.desc, message))
    );
  }
  const desc = options.registry?.getMessage(detail.type);
  const message = desc === undefined ? undefined : parse(desc, detail.value);
  const json =
    desc === undefined || message === undefined
      ? undefined
      : messageJson(desc, message, options);
  return json ?? bytesJson(detail.type, detail.value);
}

function messageJson(
  desc: DescMessage,
  message: Message,
  options: Partial<JsonWriteOptions>,
): JsonObject | undefined {
  const type = { "@type": `type.googleapis.com/${desc.typeName}` };
  try {
    const json = toJson(desc, message, options);
    if (
      hasCustomJsonRepresentation(desc) ||
      typeof json !== "object" ||
      json === null ||
      Array.isArray(json)
    ) {
      return { ...type, value: json };
    }
    return { ...type, ...json };
  } catch {
    // Such as an Any within it, of a type that the registry does not have.
    return undefined;
  }
}

function parse(desc: DescMessage, bytes: Uint8Array): Message | undefined {
  try {
    return fromBinary(desc, bytes);
  } catch {
    return undefined;
  }
}

function bytesJson(typeName: string, bytes: Uint8Array): JsonObject {
  return {
    "@type": `type.googleapis.com/${typeName}`,
    value: Buffer.from(bytes).toString("base64"),
  };
}
