import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema } from "../../../gen/google/rpc/error_details_pb.js";
import { texts } from "../texts/shared.ts";

/** What went wrong with a call. */
export interface Failure {
  /** For people. */
  readonly text: string;
  /** Whether what was asked for is not there. */
  readonly isNotFound: boolean;
}

/** What went wrong with a call, in words. */
export function describeFailure(error: unknown): string {
  const failure = ConnectError.from(error);
  const { code, rawMessage } = failure;
  const violations = failure
    .findDetails(BadRequestSchema)
    .flatMap(({ fieldViolations }) => fieldViolations)
    .map(({ field, description }) => `${field}: ${description}`);
  if (violations.length > 0) {
    return violations.join("; ");
  }
  switch (code) {
    case Code.Unauthenticated:
      return texts.tokenWrong;
    case Code.PermissionDenied:
      return `${texts.notPermitted} (${rawMessage})`;
    case Code.Unavailable:
    case Code.Unknown:
      return `${texts.serverAway} (${rawMessage})`;
    default:
      return rawMessage;
  }
}

/** What went wrong with a call. */
export function toFailure(error: unknown): Failure {
  return {
    text: describeFailure(error),
    isNotFound: ConnectError.from(error).code === Code.NotFound,
  };
}
