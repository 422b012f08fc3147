/** Two servers that are compared by what a login takes, each stopped while the other is measured: they share a core. */
import { setTimeout as delay } from "node:timers/promises";
import {
  attemptPaths,
  begin,
  complete,
  outcomes,
} from "../attempts/drivers/attempt-calls.ts";
import { GrpcConnection } from "../attempts/drivers/grpc-connection.ts";
import type { LockoutdServer } from "./lockoutd-server.ts";

/** How it is measured. */
export interface Turns {
  /** How often each server has its turn. */
  readonly rounds: number;
  /** How long a turn is, in seconds. */
  readonly seconds: number;
  /** How long a login waits after the one before, in milliseconds. */
  readonly pauseMs: number;
}

/** The first part of a turn, which is not measured: what has stopped catches up. */
const settleMs = 300;

/** What logins of one user after the other took at each server, in milliseconds. */
export async function loginsByTurns(
  servers: readonly LockoutdServer[],
  { rounds, seconds, pauseMs }: Turns,
): Promise<readonly (readonly number[])[]> {
  const sides = await Promise.all(
    servers.map(async (server) => ({
      server,
      connection: await GrpcConnection.open({ ...server, paths: attemptPaths }),
      times: [] as number[],
    })),
  );
  for (const { server } of sides) {
    server.child.kill("SIGSTOP");
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      side.server.child.kill("SIGCONT");
      await delay(settleMs);
      const end = performance.now() + seconds * 1000;
      for (let user = 0; performance.now() < end; user += 1) {
        const began = performance.now();
        await logIn(side.connection, `user-${user % 1000}`);
        side.times.push(performance.now() - began);
        await delay(pauseMs);
      }
      side.server.child.kill("SIGSTOP");
    }
  }
  return sides.map(({ server, connection, times }) => {
    server.child.kill("SIGCONT");
    connection.close();
    return times.sort((one, other) => one - other);
  });
}

/** Logs in many users, so many at once. */
export async function logInMany(
  server: LockoutdServer,
  count: number,
  inFlight: number,
): Promise<void> {
  const connection = await GrpcConnection.open({
    ...server,
    paths: attemptPaths,
  });
  let next = 0;
  const lane = async () => {
    while (next < count) {
      next += 1;
      await logIn(connection, `other-${next}`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  connection.close();
}

async function logIn(connection: GrpcConnection, user: string): Promise<void> {
  const { attemptId } = await begin(connection, "userId", user);
  await complete(connection, attemptId, outcomes.succeeded);
}
