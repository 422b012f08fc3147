/** A process that makes load: reads of a policy, or attempts that succeed. */
import {
  attemptPaths,
  begin,
  complete,
  outcomes,
} from "../attempts/drivers/attempt-calls.ts";
import { GrpcConnection } from "../attempts/drivers/grpc-connection.ts";
import { paths } from "../calls/calls.ts";
import { takeOrders } from "../support/worker.ts";

/** What the process is told. */
export interface LoadOrder {
  readonly port: number;
  readonly token: string;
  readonly kind: "read" | "attempt";
  readonly count: number;
}

/** So many are always on their way. */
const inFlight = 32;

takeOrders(async ({ port, token, kind, count }: LoadOrder) => {
  const connection = await GrpcConnection.open({
    ...{ port, token },
    paths: kind === "read" ? [paths.read] : attemptPaths,
  });
  let left = count;
  const run = async (user: string) => {
    while (left > 0) {
      left -= 1;
      if (kind === "read") {
        await connection.call(0, Buffer.alloc(0));
      } else {
        const { attemptId } = await begin(connection, "userId", user);
        await complete(connection, attemptId, outcomes.succeeded);
      }
    }
  };
  await Promise.all(
    Array.from({ length: inFlight }, (_, number) => run(`user-${number}`)),
  );
  connection.close();
});
