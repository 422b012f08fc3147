/** Where a request stands in a trace, as its caller says. */
export interface TraceParent {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits: the caller's span. */
  readonly spanId: string;
  /** Whether the caller records the trace. */
  readonly isSampled: boolean;
}

// Later versions may have more behind another hyphen.
const form =
  /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const zeros = /^0+$/;
const sampledFlag = 1;

/**
 * Reads a `traceparent`; undefined where it is missing or malformed, and a new trace begins.
 *
 * @see https://www.w3.org/TR/trace-context-2/#traceparent-header
 */
export function readTraceParent(
  text: string | undefined,
): TraceParent | undefined {
  const [, version = "", traceId = "", spanId = "", flags = "", rest] =
    form.exec(text ?? "") ?? [];
  if (
    version === "" ||
    (version === "00" && rest !== undefined) ||
    zeros.test(traceId) ||
    zeros.test(spanId)
  ) {
    return undefined;
  }
  const isSampled = (parseInt(flags, 16) & sampledFlag) !== 0;
  return { traceId, spanId, isSampled };
}
