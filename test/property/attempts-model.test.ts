import { Code, ConnectError, createClient } from "@connectrpc/connect";
import type { Client } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Decision,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { AttemptModel, modelFactors } from "./attempt-model.ts";
import type { ModelFactor } from "./attempt-model.ts";

// The server against a model of the contract that knows nothing of stores or transactions: random commands on one user
// of a new organisation, each answer compared, and after each the state that GetLockout shows.

const ttlMs = 60_000;
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ attemptTtlMs: ttlMs });
});

afterAll(async () => {
  await server.close();
});

/** The server's side: one user, by id and by login name. */
interface Real {
  readonly attempts: Client<typeof AttemptService>;
  readonly management: Client<typeof ManagementService>;
  readonly headers: { readonly headers: Record<string, string> };
  readonly userId: string;
}

type Command = fc.AsyncCommand<AttemptModel, Real>;

async function expectSameState(model: AttemptModel, real: Real) {
  const shown = await real.attempts.getLockout(
    { userId: real.userId },
    real.headers,
  );
  expect(shown.locked).toBe(model.locked);
  for (const factor of modelFactors) {
    const state = shown.factors.find((one) => one.factor === factor);
    expect(state, `factor ${factor}`).toMatchObject({
      failedAttempts: model.failed(factor),
      openAttempts: model.open(factor),
      limit: model.limit(factor),
    });
  }
}

function command(
  name: string,
  run: (model: AttemptModel, real: Real) => Promise<void>,
): Command {
  return {
    check: () => true,
    run: async (model, real) => {
      await run(model, real);
      await expectSameState(model, real);
    },
    toString: () => name,
  };
}

const factor = fc.constantFrom<ModelFactor>(...modelFactors);
const outcome = fc.constantFrom(
  Outcome.FAILED,
  Outcome.FAILED,
  Outcome.FAILED,
  Outcome.SUCCEEDED,
  Outcome.NOT_A_GUESS,
);

const begin = fc.tuple(factor, fc.boolean()).map(([factor, byName]) =>
  command(`begin ${factor}${byName ? " by name" : ""}`, async (model, real) => {
    const decision = model.decide(factor);
    const begun = await real.attempts.beginAttempt(
      {
        factor,
        subject: byName
          ? { case: "loginName", value: ` ${real.userId.toUpperCase()}@X.org` }
          : { case: "userId", value: real.userId },
      },
      real.headers,
    );
    if (decision === Decision.PROCEED) {
      model.opened(begun.attemptId, factor);
    }
    expect(begun).toMatchObject({
      decision,
      limit: model.limit(factor),
      failedAttempts: model.failed(factor),
      openAttempts: model.open(factor),
    });
    expect(begun.attemptId !== "").toBe(decision === Decision.PROCEED);
    expect(begun.retryAfter !== undefined).toBe(decision === Decision.BUSY);
  }),
);

const complete = fc.tuple(fc.nat(), outcome).map(([which, outcome]) =>
  command(`complete ${which} ${Outcome[outcome]}`, async (model, real) => {
    const ids = model.attemptIds;
    const attemptId = ids[which % ids.length];
    if (attemptId === undefined) {
      return;
    }
    const answer = model.complete(attemptId, outcome);
    const completed = await real.attempts
      .completeAttempt({ attemptId, outcome }, real.headers)
      .catch((error: unknown) => ConnectError.from(error).code);
    if (answer === undefined) {
      expect(completed).toBe(Code.FailedPrecondition);
    } else {
      expect(completed).toMatchObject(answer);
    }
  }),
);

const report = fc.tuple(factor, outcome).map(([factor, outcome]) =>
  command(`report ${factor} ${Outcome[outcome]}`, async (model, real) => {
    const subject = { case: "userId", value: real.userId } as const;
    const answer = model.report(factor, outcome);
    expect(
      await real.attempts.reportAttempt(
        { subject, factor, outcome },
        real.headers,
      ),
    ).toMatchObject(answer);
  }),
);

const others = fc.oneof(
  fc.integer({ min: 1, max: 45_000 }).map((ms) =>
    command(`advance ${ms}`, async (model) => {
      model.advance(ms);
      server.advance(ms);
      await Promise.resolve();
    }),
  ),
  fc
    .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }))
    .map(([maxPasswordAttempts, maxOtpAttempts]) =>
      command(
        `limits ${maxPasswordAttempts}/${maxOtpAttempts}`,
        async (model, real) => {
          model.setLimits(maxPasswordAttempts, maxOtpAttempts);
          await real.management
            .updateCustomLockoutPolicy(
              { maxPasswordAttempts, maxOtpAttempts },
              real.headers,
            )
            .catch(expectCode(Code.FailedPrecondition));
        },
      ),
    ),
  fc.constant(
    command("unlock", async (model, real) => {
      const wasLocked = model.locked;
      if (wasLocked) {
        model.unlock();
      }
      await real.management
        .unlockUser({ id: real.userId }, real.headers)
        .catch(expectCode(wasLocked ? undefined : Code.FailedPrecondition));
    }),
  ),
  fc.constant(
    command("lock", async (model, real) => {
      const wasLocked = model.locked;
      if (!wasLocked) {
        model.lock();
      }
      await real.management
        .lockUser({ id: real.userId }, real.headers)
        .catch(expectCode(wasLocked ? Code.FailedPrecondition : undefined));
    }),
  ),
  fc.constant(
    command("password change", async (model, real) => {
      model.passwordChanged();
      await real.attempts.recordPasswordChange(
        { userId: real.userId },
        real.headers,
      );
    }),
  ),
);

function expectCode(code: Code | undefined) {
  return (error: unknown) => {
    expect(ConnectError.from(error).code).toBe(code);
  };
}

let users = 0;

async function setup() {
  const transport = createGrpcTransport({ baseUrl: server.url });
  users += 1;
  const userId = `user-${users}`;
  // The call's organisation is shared: its policy is set anew by each run.
  const real: Real = {
    attempts: createClient(AttemptService, transport),
    management: createClient(ManagementService, transport),
    headers: { headers: { authorization: `Bearer ${server.adminToken}` } },
    userId,
  };
  await real.management
    .addCustomLockoutPolicy({}, real.headers)
    .catch(expectCode(Code.AlreadyExists));
  await real.management
    .updateCustomLockoutPolicy(
      { maxPasswordAttempts: 3, maxOtpAttempts: 2 },
      real.headers,
    )
    .catch(expectCode(Code.FailedPrecondition));
  await createClient(UserService, transport).putUser(
    { userId, aliases: [`${userId}@x.org`] },
    real.headers,
  );
  const model = new AttemptModel(ttlMs, 0);
  model.setLimits(3, 2);
  return { model, real };
}

describe("the server and the model", () => {
  it("agree, whatever is asked", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.commands(
          [begin, begin, complete, complete, complete, report, others],
          { maxCommands: 60 },
        ),
        async (commands) => {
          const { model, real } = await setup();
          await fc.asyncModelRun(() => ({ model, real }), commands);
          // I18: one lock, one event.
          const { events } = await createClient(
            AdminService,
            createGrpcTransport({ baseUrl: server.url }),
          ).listEvents(
            { aggregateId: real.userId, eventTypes: ["user.locked"] },
            real.headers,
          );
          expect(events).toHaveLength(model.locks);
        },
      ),
      { numRuns: 60 },
    );
  });
});
