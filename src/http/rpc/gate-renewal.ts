import { createContextKey } from "@connectrpc/connect";
import type {
  HandlerContext,
  Interceptor,
  StreamRequest,
} from "@connectrpc/connect";
import type { UniversalHandlerOptions } from "@connectrpc/connect/protocol";

/** Milliseconds of a clock that never goes back: `performance.now`, except in tests. */
export type Stopwatch = () => number;

/**
 * How long the gate's consent to a call holds, in milliseconds. A message that is complete only later is carried out if the gate
 * consents again: its caller's token may have been revoked meanwhile. A second is more than honest clients need for a body.
 */
const consentMs = 1000;

/** Whether the gate must be asked again about a call that it let in at a moment of the same stopwatch. */
export function hasLapsed(consentedAt: number, now: number): boolean {
  return now - consentedAt > consentMs;
}

type Gate = (context: HandlerContext) => void | Promise<void>;

/** The gate's last consent to a call. */
interface Consent {
  at: number;
  readonly ask: () => void | Promise<void>;
}

const consentKey = createContextKey<Consent | undefined>(undefined, {
  description: "the gate's consent to this call",
});

/** The options with a gate that checks again before each message that arrives later than its last check allows. */
export function withGateRenewal(
  options: Partial<UniversalHandlerOptions>,
  stopwatch: Stopwatch,
): Partial<UniversalHandlerOptions> {
  const { requestGate, interceptors = [] } = options;
  if (requestGate === undefined) {
    return options;
  }
  return {
    ...options,
    requestGate: rememberingConsent(requestGate, stopwatch),
    interceptors: [renewConsent(stopwatch), ...interceptors],
  };
}

function rememberingConsent(gate: Gate, stopwatch: Stopwatch): Gate {
  return (context) => {
    const ask = () => gate(context);
    const remember = () => {
      context.values.set(consentKey, { at: stopwatch(), ask });
    };
    const waiting = ask();
    if (waiting !== undefined) {
      return waiting.then(remember);
    }
    remember();
  };
}

function renewConsent(stopwatch: Stopwatch): Interceptor {
  const renew = async (consent: Consent) => {
    if (!hasLapsed(consent.at, stopwatch())) {
      return;
    }
    await consent.ask();
    consent.at = stopwatch();
  };
  async function* renewing(
    messages: StreamRequest["message"],
    consent: Consent,
  ): StreamRequest["message"] {
    for await (const message of messages) {
      await renew(consent);
      yield message;
    }
  }
  return (next) => async (request) => {
    const consent = request.contextValues.get(consentKey);
    if (consent === undefined) {
      return next(request);
    }
    if (request.stream) {
      return next({ ...request, message: renewing(request.message, consent) });
    }
    await renew(consent);
    return next(request);
  };
}
