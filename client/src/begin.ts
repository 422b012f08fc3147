import { Code, ConnectError } from "@connectrpc/connect";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { Decision } from "../gen/lockout/v1/attempt_service_pb.js";
import type {
  BeginAttemptRequestSchema,
  BeginAttemptResponse,
} from "../gen/lockout/v1/attempt_service_pb.js";
import type { LockoutClient } from "./lockout-client.ts";
import { pause } from "./pause.ts";

export type BeginRequest = MessageInitShape<typeof BeginAttemptRequestSchema>;

/** Whether a secret may be compared. */
export type Begun =
  | {
      readonly kind: "proceed" | "locked" | "inactive" | "busy" | "throttled";
      readonly response: BeginAttemptResponse;
    }
  | {
      readonly kind: "invalid" | "unavailable";
      readonly error: unknown;
    };

const shortestWaitMs = 50;
const usualWaitMs = 1000;

/**
 * Begins an attempt, and waits for a chance while all are in use, for `busyTimeoutMs` at most. Rejects only with the
 * reason of the signal.
 *
 * A call that failed is not repeated: if only its response was lost, each repetition would hold another chance
 * until it expires and counts as failed. For the same reason the signal ends the waiting, but not a call.
 */
export async function beginWithin(
  client: LockoutClient,
  request: BeginRequest,
  busyTimeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Begun> {
  const deadline = performance.now() + busyTimeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const begun = await begin(client, request);
    if (begun.kind !== "busy") {
      return begun;
    }
    const { retryAfter } = begun.response;
    const waitMs = withJitter(retryAfter && durationMs(retryAfter));
    if (performance.now() + waitMs > deadline) {
      return begun;
    }
    await pause(waitMs, signal);
  }
}

async function begin(
  client: LockoutClient,
  request: BeginRequest,
): Promise<Begun> {
  try {
    const response = await client.attempts.beginAttempt(request);
    return { kind: kindOf(response.decision), response };
  } catch (error) {
    const invalid = ConnectError.from(error).code === Code.InvalidArgument;
    return { kind: invalid ? "invalid" : "unavailable", error };
  }
}

function kindOf(
  decision: Decision,
): "proceed" | "locked" | "inactive" | "busy" | "throttled" {
  switch (decision) {
    case Decision.PROCEED:
      return "proceed";
    case Decision.LOCKED:
      return "locked";
    case Decision.BUSY:
      return "busy";
    case Decision.INACTIVE:
      return "inactive";
    case Decision.THROTTLED:
      return "throttled";
    // Enums are open: other numbers arrive as they are.
    case Decision.UNSPECIFIED:
    default:
      throw new Error(`the server returned the decision ${decision}`);
  }
}

// All who wait were told the same time: they should not come back at once.
function withJitter(waitMs = usualWaitMs): number {
  return Math.max(waitMs, shortestWaitMs) * (1 + Math.random() / 2);
}
