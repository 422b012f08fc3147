/** A process that changes the default policy by gRPC, again and again. */
import { GrpcConnection } from "../../attempts/drivers/grpc-connection.ts";
import { quantile } from "../../support/statistics.ts";
import { takeOrders } from "../../support/worker.ts";
import { connections, inFlight, paths } from "../calls.ts";
import type { LoadResult, Target } from "./load.ts";

/** A run to make. */
export interface WriteRun extends Target {
  readonly seconds: number;
}

/** Far more numbers than changes are on their way: no change finds its own number there, which is refused as no change. */
const numbers = 10_000;
let changes = 0;

takeOrders(write);

async function write({ port, token, seconds }: WriteRun): Promise<LoadResult> {
  const open = await Promise.all(
    Array.from({ length: connections }, () =>
      GrpcConnection.open({ port, token, paths: [paths.write] }),
    ),
  );
  const latencies: number[] = [];
  const began = performance.now();
  const end = began + seconds * 1000;
  const oneAfterAnother = async (connection: GrpcConnection) => {
    for (let now = began; now < end;) {
      changes += 1;
      const sent = performance.now();
      // Rejects where the answer has no message: a refused change is no success.
      await connection.call(0, updateRequest(1 + (changes % numbers)));
      now = performance.now();
      latencies.push(now - sent);
    }
  };
  try {
    await Promise.all(
      open.flatMap((connection) =>
        Array.from({ length: inFlight / connections }, () =>
          oneAfterAnother(connection),
        ),
      ),
    );
    const elapsed = (performance.now() - began) / 1000;
    latencies.sort((one, other) => one - other);
    return {
      requests: latencies.length,
      requestsPerSecond: latencies.length / elapsed,
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
    };
  } finally {
    for (const connection of open) {
      connection.close();
    }
  }
}

/** UpdateLockoutPolicyRequest with both numbers, as varints of two bytes. */
function updateRequest(number: number): Buffer {
  const varint = [(number & 0x7f) | 0x80, number >> 7];
  return Buffer.of(0x08, ...varint, 0x10, ...varint);
}
