import { toBinary } from "@bufbuild/protobuf";
import { ReportAttemptRequestSchema } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { ReportAttemptRequest } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { ReportKey } from "../../store/users.ts";

/**
 * What is remembered of a report with a key. A login name may be a password that somebody typed into the wrong field, so the request is hashed under the
 * key of the installation.
 *
 * @param hash hashes texts under that key
 */
export function reportKey(
  request: ReportAttemptRequest,
  hash: (text: string) => Uint8Array,
): ReportKey | undefined {
  if (request.idempotencyKey === "") {
    return undefined;
  }
  const bytes = toBinary(ReportAttemptRequestSchema, request);
  const textOf = (text: string) =>
    Buffer.from(hash(text)).toString("base64url");
  return {
    key: textOf(`key ${request.idempotencyKey}`),
    request: textOf(`request ${Buffer.from(bytes).toString("base64")}`),
  };
}
