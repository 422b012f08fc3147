import { Webhook } from "standardwebhooks";
import { startReceiver } from "../receiver.ts";
import type { Received, Receiver } from "../receiver.ts";

/** A receiver that fails a third of the time, each time in another way, and what it has seen. */
export interface BadReceiver {
  readonly url: string;
  /** How many requests came. */
  count(): number;
  /** The positions of events that were accepted, each once. */
  readonly accepted: ReadonlySet<number>;
  /** What must not be, in words: an event of a user before an earlier one was accepted, a wrong signature. */
  readonly faults: readonly string[];
  /** Says which secret signs. */
  expect(secret: string): void;
  close(): Promise<void>;
}

const badWays: ((response: Parameters<Receiver["respond"]>[1]) => void)[] = [
  (response) => response.writeHead(500).end("no"),
  (response) => response.writeHead(429, { "retry-after": "0" }).end(),
  (response) => response.writeHead(302, { location: "/elsewhere" }).end(),
  (response) => response.socket?.destroy(),
  (response) => response.socket?.end("this is no HTTP\r\n\r\n"),
  (response) => {
    // The beginning of a response, and then nothing.
    response.socket?.write("HTTP/1.1 2");
    response.socket?.destroy();
  },
];

/** Starts it. @param sleepMs how long it sometimes sleeps before it accepts */
export async function startBadReceiver(sleepMs: number): Promise<BadReceiver> {
  const receiver = await startReceiver();
  const accepted = new Set<number>();
  const faults: string[] = [];
  /** The last sequence that was accepted, and all that came, by user. */
  const sequences = new Map<string, number>();
  let webhook: Webhook | undefined;
  const accept = ({ message }: Received) => {
    const { userId, sequence, position } = message.data;
    const user = String(userId);
    const last = sequences.get(user) ?? 0;
    if (accepted.has(Number(position))) {
      return;
    }
    if (Number(sequence) < last) {
      faults.push(
        `event ${String(position)} of ${user} came after a later one`,
      );
    }
    sequences.set(user, Number(sequence));
    accepted.add(Number(position));
  };
  receiver.respond = (request, response, count) => {
    try {
      const names = [
        ...(["webhook-id", "webhook-timestamp", "webhook-signature"] as const),
      ];
      webhook?.verify(
        request.body,
        Object.fromEntries(
          names.map((name) => [name, String(request.headers[name])]),
        ),
      );
    } catch (error) {
      faults.push(`request ${count}: ${String(error)}`);
    }
    if (Math.random() < 1 / 3) {
      badWays[count % badWays.length]?.(response);
      return undefined;
    }
    if (count % 50 === 0) {
      setTimeout(() => {
        accept(request);
        response.writeHead(200).end();
      }, sleepMs);
      return undefined;
    }
    accept(request);
    return count % 2 === 0 ? 200 : 204;
  };
  return {
    url: receiver.url,
    count: () => receiver.received.length,
    ...{ accepted, faults },
    expect: (secret) => {
      webhook = new Webhook(secret);
    },
    close: () => receiver.close(),
  };
}
