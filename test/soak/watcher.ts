import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { AttemptService } from "../../gen/lockout/v1/attempt_service_pb.js";

/** One who watches all events, and comes back after each break with the position of the last. */
export interface Watcher {
  /** The positions that were seen, in order. */
  readonly positions: readonly string[];
  /** Waits until this position was seen, or it takes too long; then ends. */
  readonly endAt: (position: string) => Promise<void>;
}

const patienceMs = 30_000;

export function startWatcher(url: string, token: string): Watcher {
  const client = createClient(
    AttemptService,
    createGrpcTransport({ baseUrl: url }),
  );
  const positions: string[] = [];
  const ending = new AbortController();
  const { signal } = ending;
  let onEvent: () => void = () => undefined;
  const watch = async () => {
    while (!signal.aborted) {
      try {
        const stream = client.watchEvents(
          { after: positions.at(-1) ?? "0" },
          { signal, headers: { authorization: `Bearer ${token}` } },
        );
        for await (const { position, event } of stream) {
          if (event === undefined) {
            continue;
          }
          positions.push(position);
          onEvent();
        }
      } catch {
        // The server ended or was killed: what was missed comes with the next stream, or is missing at the end.
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  };
  const ended = watch();
  return {
    positions,
    endAt: async (position) => {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, patienceMs);
        onEvent = () => {
          if (positions.at(-1) !== position) {
            return;
          }
          clearTimeout(timer);
          resolve();
        };
        onEvent();
      });
      ending.abort();
      await ended;
    },
  };
}
