import { Code } from "@connectrpc/connect";
import type {
  DescMessage,
  DescMethodUnary,
  MessageInitShape,
} from "@bufbuild/protobuf";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import type { Answer, Door } from "../support/protocol-variants.ts";
import { userKey } from "./ledger.ts";
import type { Ledger } from "./ledger.ts";
import type { Windows } from "./windows.ts";

/** What the lanes of a soak share. */
export interface Load {
  readonly doors: readonly Door[];
  readonly token: string;
  readonly ledger: Ledger;
  readonly windows: Windows;
  readonly stopped: () => boolean;
  readonly onViolation: (violation: string) => void;
  /** Calls that were answered with success. */
  answered: number;
  /** Calls that failed while the faults explain it. */
  explained: number;
}

/** A call that failed, and may have been carried out. */
class Failed extends Error {}

type Call = <I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  input: MessageInitShape<I>,
) => Promise<Readonly<Record<string, unknown>>>;

/** Makes the calls of one lane, each through the next door. */
function callsOf(load: Load, lane: number): Call {
  let next = lane;
  return async (method, input) => {
    const door = load.doors[next++ % load.doors.length];
    if (door === undefined) {
      throw new Error("there is no door");
    }
    const since = performance.now();
    let answer: Answer;
    try {
      answer = await door.call(method, input, { token: load.token });
    } catch (error) {
      // Of the connection, not of the server.
      answer = {
        ok: false,
        code: Code.Unavailable,
        message: String(error),
        details: [],
      };
    }
    if (answer.ok) {
      load.answered += 1;
      return answer.message as Readonly<Record<string, unknown>>;
    }
    const { code, message } = answer;
    // A client whose connection breaks has codes of its own for it; the server's are in its log.
    const broken = load.windows.explain(since - 1000, ["killed", "ending"]);
    const locked =
      code === Code.Unavailable &&
      load.windows.explain(since - 1000, ["locked"]);
    // An attempt that was open when the clock jumped forth has expired.
    const expired =
      method.name === AttemptService.method.completeAttempt.name &&
      code !== Code.Internal &&
      load.windows.explain(since - 5000, ["jumped"]);
    if (broken || locked || expired) {
      load.explained += 1;
    } else {
      load.onViolation(`${door.name} ${method.name}: ${Code[code]} ${message}`);
    }
    throw new Failed(message);
  };
}

/** Repeats the steps of a lane until the soak ends; a step whose call failed is left where it is. */
async function repeat(
  load: Load,
  step: (number: number) => Promise<void>,
): Promise<void> {
  for (let number = 0; !load.stopped(); number += 1) {
    try {
      await step(number);
    } catch (error) {
      if (!(error instanceof Failed)) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Changes and reads the default policy. */
export function policyLane(load: Load, lane: number): Promise<void> {
  const call = callsOf(load, lane);
  const { ledger } = load;
  return repeat(load, async (number) => {
    const value = lane * 10_000_000 + number + 1;
    await ledger.record(ledger.policies, String(value), () =>
      call(AdminService.method.updateLockoutPolicy, {
        maxPasswordAttempts: value,
      }),
    );
    await call(AdminService.method.getLockoutPolicy, {});
    if (number % 20 === 0) {
      await call(AdminService.method.listEvents, { limit: 50 });
    }
  });
}

/** Guesses at users until they are locked, and counts the chances that were given. */
export function attemptLane(
  load: Load,
  lane: number,
  limit: number,
): Promise<void> {
  const call = callsOf(load, lane);
  const { ledger } = load;
  const proceeded = new Map<string, number>();
  return repeat(load, async (number) => {
    const userId = `guessed-${lane}-${Math.floor(number / (limit + 2))}`;
    // An attempt that nobody completes, because its answer was lost, counts as failed once it expires.
    const failures = ledger.countOf(
      ledger.users,
      userKey(userId, "user.human.password.check.failed"),
    );
    failures.perhaps += 1;
    const { decision, attemptId } = await call(
      AttemptService.method.beginAttempt,
      { subject: { case: "userId", value: userId }, factor: Factor.PASSWORD },
    );
    if (decision !== "DECISION_PROCEED") {
      failures.perhaps -= 1;
      return;
    }
    const chances = (proceeded.get(userId) ?? 0) + 1;
    proceeded.set(userId, chances);
    if (chances > limit) {
      load.onViolation(`${userId} was given ${chances} chances of ${limit}`);
    }
    await call(AttemptService.method.completeAttempt, {
      attemptId: String(attemptId),
      outcome: Outcome.FAILED,
    });
    failures.perhaps -= 1;
    failures.done += 1;
    if (number % 5 === 0) {
      await call(AttemptService.method.getLockout, { userId });
    }
  });
}

/** Locks and unlocks users by hand. */
export function lockLane(load: Load, lane: number): Promise<void> {
  const call = callsOf(load, lane);
  const { ledger } = load;
  return repeat(load, async (number) => {
    const userId = `locked-${lane}-${number}`;
    // The first attempt registers the user.
    const { attemptId } = await call(AttemptService.method.beginAttempt, {
      subject: { case: "userId", value: userId },
      factor: Factor.PASSWORD,
    });
    await call(AttemptService.method.completeAttempt, {
      attemptId: String(attemptId),
      outcome: Outcome.SUCCEEDED,
    });
    await ledger.record(ledger.users, userKey(userId, "user.locked"), () =>
      call(ManagementService.method.lockUser, { id: userId }),
    );
    await ledger.record(ledger.users, userKey(userId, "user.unlocked"), () =>
      call(ManagementService.method.unlockUser, { id: userId }),
    );
  });
}
