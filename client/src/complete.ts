import { Code, ConnectError } from "@connectrpc/connect";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  CompleteAttemptRequestSchema,
  CompleteAttemptResponse,
} from "../gen/lockout/v1/attempt_service_pb.js";
import type { LockoutClient } from "./lockout-client.ts";
import { pause } from "./pause.ts";

/** What an attempt is completed with. */
export type CompleteRequest = MessageInitShape<
  typeof CompleteAttemptRequestSchema
>;

const firstDelayMs = 100;
const longestDelayMs = 2000;

/** The server's word, which asking again does not change. */
const finalCodes: ReadonlySet<Code> = new Set([
  Code.InvalidArgument,
  Code.NotFound,
  Code.FailedPrecondition,
  Code.PermissionDenied,
  Code.Unauthenticated,
  Code.Unimplemented,
]);

/**
 * Completes an attempt, and does it again after a call that failed, for `completeTimeoutMs` at most (and the time of
 * the last call): completing twice is harmless. Rejects with the ConnectError of the last call.
 */
export async function completeWithin(
  client: LockoutClient,
  request: CompleteRequest,
  completeTimeoutMs: number,
): Promise<CompleteAttemptResponse> {
  const deadline = performance.now() + completeTimeoutMs;
  for (let delayMs = firstDelayMs; ; delayMs *= 2) {
    try {
      return await client.attempts.completeAttempt(request);
    } catch (error) {
      if (finalCodes.has(ConnectError.from(error).code)) {
        throw error;
      }
      const waitMs =
        Math.min(delayMs, longestDelayMs) * (1 - Math.random() / 2);
      if (performance.now() + waitMs > deadline) {
        throw error;
      }
      await pause(waitMs);
    }
  }
}
