import { Code, ConnectError, createClient } from "@connectrpc/connect";
import {
  createGrpcTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import {
  AttemptService,
  Decision,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { startServerProcess } from "../support/server-process.ts";

/** The administrator's token of every cluster. */
export const clusterToken = "the-token-of-the-cluster-administrator";
const headers = { authorization: `Bearer ${clusterToken}` };

/** A node in a process of its own, and clients of it. */
export interface ClusterNode {
  readonly url: string;
  readonly admin: ReturnType<typeof createClient<typeof AdminService>>;
  readonly management: ReturnType<
    typeof createClient<typeof ManagementService>
  >;
  readonly attempts: ReturnType<typeof createClient<typeof AttemptService>>;
  readonly users: ReturnType<typeof createClient<typeof UserService>>;
  stop(signal: NodeJS.Signals): Promise<void>;
}

/** Starts a node on a database of PostgreSQL. Attempts that nobody completes expire soon. */
export async function startNode(
  database: string,
  flags: readonly string[] = [],
): Promise<ClusterNode> {
  const server = await startServerProcess(database, clusterToken, [
    ...flags,
    ...["--attempt-ttl", "3s", "--log-level", "silent"],
    ...["--shutdown-grace", "1s"],
  ]);
  const sessionManager = new Http2SessionManager(server.url);
  const transport = createGrpcTransport({
    ...{ baseUrl: server.url, sessionManager },
    interceptors: [
      (next) => (request) => {
        request.header.set("authorization", headers.authorization);
        return next(request);
      },
    ],
  });
  return {
    url: server.url,
    admin: createClient(AdminService, transport),
    management: createClient(ManagementService, transport),
    attempts: createClient(AttemptService, transport),
    users: createClient(UserService, transport),
    stop: async (signal) => {
      await server.stop(signal);
      sessionManager.abort();
    },
  };
}

/** Sets the limit of the organisation. */
export async function setLimit(
  { management }: ClusterNode,
  limit: number,
): Promise<void> {
  const limits = { maxPasswordAttempts: limit, maxOtpAttempts: limit };
  try {
    await management.addCustomLockoutPolicy(limits);
  } catch (error) {
    if (ConnectError.from(error).code !== Code.AlreadyExists) {
      throw error;
    }
    await management.updateCustomLockoutPolicy(limits).catch(ifState);
  }
}

/** Nothing, for a refusal because of the state; else throws. */
export function ifState(error: unknown): undefined {
  if (ConnectError.from(error).code !== Code.FailedPrecondition) {
    throw error;
  }
  return undefined;
}

/** What those who guess were told. */
export interface Told {
  /** Secrets that they compared. */
  compared: number;
  /** Failures that were answered. */
  failed: number;
}

/** Guesses once at a node: begins, and completes as failed. Says what was decided; throws where there was no answer. */
export async function guess(
  { attempts }: ClusterNode,
  userId: string,
  told: Told,
): Promise<Decision> {
  const { decision, attemptId } = await attempts.beginAttempt({
    subject: { case: "userId", value: userId },
    factor: Factor.PASSWORD,
  });
  if (decision !== Decision.PROCEED) {
    return decision;
  }
  told.compared += 1;
  await attempts.completeAttempt({ attemptId, outcome: Outcome.FAILED });
  told.failed += 1;
  return decision;
}

/** Guesses until the user is locked: whoever hears that it is busy, or hears nothing, tries again. */
export async function guessUntilLocked(
  node: ClusterNode,
  userId: string,
  told: Told,
): Promise<void> {
  for (;;) {
    const decision = await guess(node, userId, told).catch(ifAway);
    if (decision === Decision.LOCKED) {
      return;
    }
    if (decision !== Decision.PROCEED) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Nothing, for an answer that a node or a database that is away can give; else throws. */
export function ifAway(error: unknown): undefined {
  const { code } = ConnectError.from(error);
  const away = [Code.Unavailable, Code.Canceled, Code.Aborted, Code.Internal];
  if (!away.includes(code)) {
    throw error;
  }
  return undefined;
}

/** How often the log says that a user was locked. */
export async function countLocks(
  { admin }: ClusterNode,
  userId: string,
): Promise<number> {
  const { events } = await admin.listEvents({
    aggregateId: userId,
    eventTypes: ["user.locked"],
  });
  return events.length;
}

/** The failures of a user's password that are counted. */
export async function countFailures(
  { attempts }: ClusterNode,
  userId: string,
): Promise<number> {
  const { factors } = await attempts.getLockout({ userId });
  const password = factors.find(({ factor }) => factor === Factor.PASSWORD);
  return password?.failedAttempts ?? 0;
}
