import {
  begin,
  complete,
  decisions,
  outcomes,
  report,
} from "../attempts/drivers/attempt-calls.ts";
import type { GrpcConnection } from "../attempts/drivers/grpc-connection.ts";

/** Whom a login name leads to: a user who was registered with it, or nobody. */
export type Side = "known" | "unknown";

export interface Sample {
  readonly decision: string;
  readonly ms: number;
}

/** So many failures lock: so that one failure is enough to hold all chances that are left. */
export const passwordLimit = 2;

/** Names of both sides are alike in all that can be seen. */
export function nameOf(side: Side, place: number): string {
  const domain = side === "known" ? "one" : "two";
  return `user-${String(place).padStart(8, "0")}@${domain}.example.com`;
}

/** What is done about one name, and how long each step took. */
type Pass = (
  connection: GrpcConnection,
  name: string,
) => Promise<readonly Sample[]>;

/** One after the other, each over all names: what a name is in is the same for both sides. */
export const passes: readonly Pass[] = [
  async (connection, name) => {
    const first = await timedBegin(connection, name, "proceed", "first seen");
    const failed = await timedComplete(connection, first.id, "failed");
    const again = await timed("completed again", () =>
      complete(connection, first.id, outcomes.failed),
    );
    return [first.sample, failed, again];
  },
  async (connection, name) => {
    const begun = await timedBegin(connection, name, "proceed");
    return [
      begun.sample,
      await timedComplete(connection, begun.id, "succeeded"),
    ];
  },
  async (connection, name) => {
    const begun = await begin(connection, "loginName", name);
    return [await timedComplete(connection, begun.attemptId, "notAGuess")];
  },
  async (connection, name) => [
    await timed("reported to fail", () =>
      report(connection, "loginName", name, outcomes.failed),
    ),
  ],
  async (connection, name) => {
    const last = await begin(connection, "loginName", name);
    const busy = await timedBegin(connection, name, "busy");
    const locking = await timed("completed: failed, and locked", () =>
      complete(connection, last.attemptId, outcomes.failed),
    );
    const locked = await timedBegin(connection, name, "locked");
    const reported = await timed("reported to fail when locked", () =>
      report(connection, "loginName", name, outcomes.failed),
    );
    return [busy.sample, locking, locked.sample, reported];
  },
];

async function timedBegin(
  connection: GrpcConnection,
  name: string,
  decision: keyof typeof decisions,
  more?: string,
): Promise<{ readonly sample: Sample; readonly id: Buffer }> {
  const began = performance.now();
  const begun = await begin(connection, "loginName", name);
  const ms = performance.now() - began;
  if (begun.decision !== decisions[decision]) {
    throw new Error(`${name}: not ${decision}, but ${begun.decision}`);
  }
  const title = `begun: ${decision}`;
  return {
    sample: {
      decision: more === undefined ? title : `${title}, ${more}`,
      ms,
    },
    id: begun.attemptId,
  };
}

function timedComplete(
  connection: GrpcConnection,
  attemptId: Buffer,
  outcome: keyof typeof outcomes,
): Promise<Sample> {
  return timed(`completed: ${outcome}`, () =>
    complete(connection, attemptId, outcomes[outcome]),
  );
}

async function timed(
  decision: string,
  call: () => Promise<unknown>,
): Promise<Sample> {
  const began = performance.now();
  await call();
  return { decision, ms: performance.now() - began };
}
