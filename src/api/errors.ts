import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema } from "../../gen/google/rpc/error_details_pb.js";
import {
  CredentialsCheckErrorSchema,
  ErrorDetailSchema,
} from "../../gen/zitadel/message_pb.js";
import { LockoutError } from "../lockout/errors/errors.ts";
import type { ErrorCode } from "../lockout/errors/error-entry.ts";
import { StoreUnavailableError } from "../store/store.ts";

const codes: Readonly<Record<ErrorCode, Code>> = {
  ABORTED: Code.Aborted,
  ALREADY_EXISTS: Code.AlreadyExists,
  FAILED_PRECONDITION: Code.FailedPrecondition,
  INVALID_ARGUMENT: Code.InvalidArgument,
  NOT_FOUND: Code.NotFound,
  PERMISSION_DENIED: Code.PermissionDenied,
  RESOURCE_EXHAUSTED: Code.ResourceExhausted,
  UNAUTHENTICATED: Code.Unauthenticated,
  UNAVAILABLE: Code.Unavailable,
};

/** What details of errors may be: clients that have no proto files ask reflection for them, since an Any has only the name. */
export const errorDetails: readonly DescMessage[] = [
  ErrorDetailSchema,
  CredentialsCheckErrorSchema,
  BadRequestSchema,
];

/** Called with every error that callers see only as "internal error" or "unavailable". */
export type ReportFault = (error: unknown) => void;

/**
 * The one place where an error becomes a status. A refusal of the catalogue gets its code, `<key> (<id>)` as
 * its message and one `zitadel.v1.ErrorDetail`; any other error hides its cause from the caller.
 */
export function toConnectError(
  error: unknown,
  reportFault: ReportFault,
): ConnectError {
  if (error instanceof LockoutError) {
    return refusal(error);
  }
  if (error instanceof ConnectError) {
    return error;
  }
  reportFault(error);
  if (error instanceof StoreUnavailableError) {
    return refusal(new LockoutError("storeUnavailable", { cause: error }));
  }
  return new ConnectError(
    "internal error",
    Code.Internal,
    undefined,
    undefined,
    error,
  );
}

/** The HTTP status of a refusal over JSON, where it is not that of its code. */
export function httpStatusOf({ cause }: ConnectError): number | undefined {
  return cause instanceof LockoutError ? cause.entry.httpStatus : undefined;
}

function refusal(error: LockoutError): ConnectError {
  const { id, code, key } = error.entry;
  const headers =
    code === "UNAUTHENTICATED" ? { "www-authenticate": "Bearer" } : undefined;
  const { violations } = error;
  const fieldViolations = violations.map((violation) => ({ ...violation }));
  return new ConnectError(
    error.message,
    codes[code],
    headers,
    [
      ...(id === ""
        ? []
        : [{ desc: ErrorDetailSchema, value: { id, message: key } }]),
      ...(fieldViolations.length === 0
        ? []
        : [{ desc: BadRequestSchema, value: { fieldViolations } }]),
    ],
    error,
  );
}
