import type { HookRecord, NewDelivery } from "../store/hooks.ts";
import type { Clock } from "../store/ids.ts";
import type { ConnectOptions } from "../outbound/connect.ts";
import type { HookMessage } from "./message.ts";
import { post } from "./post.ts";
import { readRetryAfter } from "./schedule.ts";
import type { HookSecrets } from "./secrets.ts";
import { signatureHeaders } from "./signature.ts";

/** What a try came to. */
export interface Attempted extends Pick<
  NewDelivery,
  "time" | "status" | "error" | "response"
> {
  readonly outcome: "delivered" | "refused" | "unreachable";
  /** How long the receiver asked to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/**
 * Tries to send a message to a hook.
 *
 * @param isWanted reads the hook again right before the request is written; undefined where it is not to be sent to any more
 * @param signal ends it
 * @returns undefined where it was not begun, or was ended before there was a response
 */
export type Attempt = (
  hook: HookRecord,
  message: HookMessage,
  isWanted: () => Promise<HookRecord | undefined>,
  signal?: AbortSignal,
) => Promise<Attempted | undefined>;

/**
 * How long after a hook was read a request to it may begin, in milliseconds: so long after a hook was removed, in whatever process, none
 * begins any more.
 */
export const beginWithinMs = 500;

/** How often a hook is read again where that took longer. */
const maxReads = 5;

/** What an attempt works with. */
export interface AttemptOptions extends ConnectOptions {
  readonly now: Clock;
  readonly secrets: () => Promise<HookSecrets>;
  /** How requests introduce themselves. */
  readonly userAgent: string;
}

/** Makes what tries to send. */
export function createAttempt(options: AttemptOptions): Attempt {
  const { now } = options;
  return async (hook, message, isWanted, signal) => {
    let time = now();
    const secrets = await options.secrets();
    if (secrets.unseal(hook.id, hook.sealedSecret) === undefined) {
      return {
        ...{ time, status: 0, response: "", retryAfterMs: undefined },
        error:
          "the secret was sealed by keys that were replaced since: rotate it",
        outcome: "unreachable",
      };
    }
    const begin = async () => {
      const current = await readSoon(isWanted);
      if (current?.url !== hook.url) {
        return undefined;
      }
      time = now();
      const valid = validSecrets(current, secrets, time);
      const { id, body } = message;
      const seconds = Math.floor(time / 1000);
      return { body, headers: signatureHeaders(valid, id, seconds, body) };
    };
    const result = await post(new URL(hook.url), begin, options, signal);
    if (result === undefined || (result.status === 0 && signal?.aborted)) {
      return undefined;
    }
    const { status, retryAfter, isPrivate } = result;
    const isDelivered = status >= 200 && status < 300;
    // What is behind our network is none of an organisation's business.
    const isHidden = isPrivate && hook.owner !== undefined;
    return {
      ...{ time, status },
      error: isHidden ? "" : result.error || errorOf(status),
      response: isHidden ? "" : result.response,
      outcome: isDelivered
        ? "delivered"
        : status === 0
          ? "unreachable"
          : "refused",
      retryAfterMs: readRetryAfter(retryAfter, time),
    };
  };
}

/** Reads a hook, so that what was read is not older than {@link beginWithinMs}. */
async function readSoon(
  read: () => Promise<HookRecord | undefined>,
): Promise<HookRecord | undefined> {
  for (let reads = 0; reads < maxReads; reads += 1) {
    const start = performance.now();
    const hook = await read();
    if (hook === undefined || performance.now() - start < beginWithinMs) {
      return hook;
    }
  }
  return undefined;
}

/** The secrets that sign, the newest first. */
function validSecrets(
  { id, sealedSecret, oldSecret }: HookRecord,
  secrets: HookSecrets,
  time: number,
): readonly string[] {
  const isOldValid = oldSecret !== undefined && time < oldSecret.expirationDate;
  return [sealedSecret, ...(isOldValid ? [oldSecret.sealed] : [])].flatMap(
    (sealed) => secrets.unseal(id, sealed) ?? [],
  );
}

function errorOf(status: number): string {
  if (status >= 300 && status < 400) {
    return "redirects are not followed";
  }
  return status === 410 ? "the receiver wants no more events" : "";
}
