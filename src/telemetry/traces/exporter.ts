import { encodeSpans, readRejected } from "./otlp.ts";
import type { AttributeValue, Span } from "./otlp.ts";

/** What an exporter works with. */
export interface ExporterOptions {
  /** Where spans are sent by POST. */
  readonly url: string;
  /** Attributes of this process. */
  readonly resource: Readonly<Record<string, AttributeValue>>;
  /** Told how many spans were lost. */
  readonly onDropped: (count: number) => void;
}

/** Sends spans to a collector. */
export interface Exporter {
  /** Never waits. */
  add(span: Span): void;
  /** Sends what waits, for a moment at most. */
  close(): Promise<void>;
}

/** How often spans are sent, in milliseconds. */
const everyMs = 1000;
/** How many spans may wait: some seconds of a busy server, and a few megabytes. */
const maxWaiting = 20_000;
/** How many are sent at once: to write them takes some milliseconds. */
const maxBatch = 2000;
/** How long a collector may take, in milliseconds. */
const timeoutMs = 10_000;
const lastTimeoutMs = 1000;

/**
 * Starts to send spans, each second those that have come. One request is on its way at a time; what does not fit meanwhile, and what a collector
 * does not take, is lost, and counted.
 */
export function startExporter({
  url,
  resource,
  onDropped,
}: ExporterOptions): Exporter {
  let waiting: Span[] = [];
  let sending: Promise<void> | undefined;

  const post = async (spans: readonly Span[], limitMs: number) => {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/x-protobuf" },
        body: encodeSpans(resource, spans),
        redirect: "error",
        signal: AbortSignal.timeout(limitMs),
      });
      const body = new Uint8Array(await response.arrayBuffer());
      onDropped(response.ok ? readRejected(body) : spans.length);
    } catch {
      onDropped(spans.length);
    }
  };
  const flush = async (limitMs: number) => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxBatch);
      waiting = waiting.slice(maxBatch);
      await post(batch, limitMs);
    }
  };
  const timer = setInterval(() => {
    sending ??= flush(timeoutMs).finally(() => {
      sending = undefined;
    });
  }, everyMs).unref();
  return {
    add: (span) => {
      if (waiting.length < maxWaiting) {
        waiting.push(span);
      } else {
        onDropped(1);
      }
    },
    close: async () => {
      clearInterval(timer);
      let late: NodeJS.Timeout | undefined;
      await Promise.race([
        sending ?? flush(lastTimeoutMs),
        new Promise((resolve) => {
          late = setTimeout(resolve, lastTimeoutMs);
        }),
      ]);
      clearTimeout(late);
    },
  };
}
