import { attemptPaths, begin, complete, outcomes } from "./attempt-calls.ts";
import { connectionsFor, userIdOf } from "./driver.ts";
import type { PairDriver } from "./driver.ts";
import { GrpcConnection } from "./grpc-connection.ts";

/** Drives a lockoutd server by gRPC. */
export async function driveLockoutd(
  { port, token }: { readonly port: number; readonly token: string },
  inFlight: number,
): Promise<PairDriver> {
  const connections = await Promise.all(
    Array.from({ length: connectionsFor(inFlight) }, () =>
      GrpcConnection.open({ port, token, paths: attemptPaths }),
    ),
  );
  let turn = 0;
  const pair: PairDriver["pair"] = async (user, outcome) => {
    turn = (turn + 1) % connections.length;
    const connection = connections[turn];
    if (connection === undefined) {
      throw new Error("there is no connection");
    }
    const { proceed, attemptId } = await begin(
      connection,
      "userId",
      userIdOf(user),
    );
    if (!proceed) {
      throw new Error("an attempt was refused");
    }
    const { accepted } = await complete(
      connection,
      attemptId,
      outcomes[outcome],
    );
    if (accepted !== (outcome === "succeeded")) {
      throw new Error("an attempt was completed otherwise");
    }
  };
  return {
    pair,
    close: async () => {
      for (const connection of connections) {
        connection.close();
      }
    },
  };
}
