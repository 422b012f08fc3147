import { randomBytes } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import type { Client } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Decision,
  Factor,
  LockReason,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import {
  LockScope,
  PolicyService,
} from "../../gen/lockout/v1/policy_service_pb.js";
import type { RulesSchema } from "../../gen/lockout/v1/policy_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

// I1 with each rule of a policy on: a thousand guesses at once. A rule is a row of `rows`. EXACTNESS_ROUNDS=100 plays each row a hundred times and
// prints the table (`npm run exactness`). Unless it does, PostgreSQL has more than share a transaction: exactness.test.ts has a thousand there.

const rounds = Number(process.env["EXACTNESS_ROUNDS"] ?? "1");
const guesses =
  process.env["TEST_ENGINE"] === "postgres" && rounds === 1 ? 300 : 1000;
const limit = 5;
const minute = 60_000;

/** What a row does beside guessing. */
interface Stage {
  readonly userId: string;
  readonly policies: Client<typeof PolicyService>;
  readonly admin: Client<typeof AdminService>;
  readonly advance: (ms: number) => void;
  /** Guesses wrongly so many times, one after another; each is compared. */
  readonly fail: (times: number) => Promise<void>;
  /** Has so many more devices known. */
  readonly remember: (devices: number) => Promise<void>;
}

/** Who guesses: one of the known devices, and from where. */
interface Guesser {
  /** Its place among the devices that were remembered. */
  readonly device?: number;
  /** The network is the guesser's alone: no other row or round has it. */
  readonly network?: number;
}

interface Row {
  readonly rule: string;
  readonly rules: MessageInitShape<typeof RulesSchema>;
  /** Before the guesses. */
  readonly before?: (stage: Stage) => Promise<void>;
  /** Once a part of the guesses has its response, while the others run. */
  readonly meanwhile?: (stage: Stage) => Promise<void>;
  /** Who guesses, by turns; unless set, strangers without an address. */
  readonly guessers?: readonly Guesser[];
  /** The most of them that may be compared. */
  readonly allowed: number;
  /** How many are compared at least, once all that were told BUSY have tried again; unless set, as many as are allowed. */
  readonly least?: number;
  /** The reason of the lock at the end; "open" where nobody is locked. */
  readonly reason?: LockReason | "open";
}

const timed = { lockDuration: durationFromMs(15 * minute) };
const growing = { ...timed, lockGrowth: 2 };
const window = { observationWindow: durationFromMs(30 * minute) };
const devices = { devices: { maxAttempts: 3 } };
const sources = {
  sources: { maxFailures: 4, window: durationFromMs(10 * minute) },
};
const storms = { storms: { maxLocks: 1, window: durationFromMs(minute) } };
/** As many as a user may have, and each as far from its limit. */
const [knownDevices, onDevices] = [10, 10 * devices.devices.maxAttempts];
const manyNetworks = Array.from({ length: guesses }, (_none, network) => ({
  network,
}));
const everyDevice = Array.from({ length: knownDevices }, (_none, device) => ({
  device,
}));

const rows: readonly Row[] = [
  { rule: "none", rules: {}, allowed: limit },
  { rule: "a timed lock", rules: timed, allowed: limit },
  {
    rule: "a timed lock that ends meanwhile",
    rules: timed,
    before: ({ fail }) => fail(limit),
    meanwhile: async ({ advance }) => {
      advance(15 * minute);
    },
    allowed: limit,
  },
  {
    rule: "the second lock in a row, which the time of the first does not end",
    rules: growing,
    before: async ({ fail, advance }) => {
      await fail(limit);
      advance(15 * minute);
      await fail(limit);
    },
    meanwhile: async ({ advance }) => {
      advance(15 * minute);
    },
    allowed: 0,
  },
  {
    rule: "a window that is over meanwhile",
    rules: window,
    before: async ({ fail, advance }) => {
      await fail(limit - 1);
      advance(30 * minute - 1000);
    },
    // The last chance of the count before, which locks, or all of the one after.
    meanwhile: async ({ advance }) => {
      advance(1000);
    },
    allowed: limit,
    least: 1,
  },
  {
    rule: "a ceiling, one away",
    rules: { ...timed, ceiling: 8 },
    before: async ({ fail, advance }) => {
      await fail(limit);
      advance(15 * minute);
      await fail(2);
    },
    allowed: 1,
    reason: LockReason.CEILING,
  },
  {
    rule: "a lock of the factor alone",
    rules: { ...timed, lockScope: LockScope.FACTOR },
    allowed: limit,
  },
  {
    rule: "remembered secrets, each guess another one",
    rules: { rememberedSecrets: 10 },
    allowed: limit,
  },
  {
    rule: "numbers and rules that change meanwhile",
    rules: { ...growing, ...window, ceiling: 100 },
    meanwhile: async ({ policies, admin }) => {
      for (let change = 0; change < 10; change += 1) {
        await policies.setInstanceRules({
          rules: change % 2 === 0 ? {} : { ...timed, ceiling: 6 },
        });
        const number = change % 2 === 0 ? 3 : limit;
        await admin.updateLockoutPolicy({
          ...{ maxPasswordAttempts: number, maxOtpAttempts: number },
        });
      }
    },
    allowed: limit,
    least: 3,
  },
  {
    rule: "sources, all guesses from one",
    rules: sources,
    guessers: [{ network: 0 }],
    ...({ allowed: sources.sources.maxFailures, reason: "open" } as const),
  },
  {
    rule: "sources, each guess from another one",
    rules: sources,
    guessers: manyNetworks,
    allowed: limit,
  },
  {
    rule: "devices, ten of them and strangers: the limit and their chances",
    rules: devices,
    before: ({ remember }) => remember(knownDevices),
    guessers: [{}, ...everyDevice],
    allowed: limit + onDevices,
  },
  {
    rule: "devices, ten of them, of a user who is locked",
    rules: { ...devices, ...timed },
    before: async ({ remember, fail }) => {
      await remember(knownDevices);
      await fail(limit);
    },
    guessers: [{}, ...everyDevice],
    allowed: onDevices,
  },
  { rule: "storms", rules: storms, allowed: limit },
  {
    rule: "all of them, and a network for each guess",
    rules: {
      ...{ ...growing, ...window, ceiling: 100, rememberedSecrets: 10 },
      ...{ ...devices, ...sources, ...storms, lockScope: LockScope.FACTOR },
    },
    before: ({ remember }) => remember(knownDevices),
    guessers: manyNetworks.map(({ network }) => ({
      ...{ network, ...everyDevice[network % (knownDevices + 1)] },
    })),
    allowed: limit + onDevices,
  },
  {
    rule: "all of them, which change meanwhile",
    rules: {
      ...{ ...growing, ...window, ceiling: 100, rememberedSecrets: 10 },
      ...{ ...devices, ...sources, ...storms },
    },
    before: ({ remember }) => remember(knownDevices),
    meanwhile: async ({ policies }) => {
      for (let change = 0; change < 10; change += 1) {
        await policies.setInstanceRules({
          rules:
            change % 2 === 0
              ? { ...storms, devices: { maxAttempts: 2 } }
              : { ...timed, ...devices, ceiling: 50 },
        });
      }
    },
    guessers: manyNetworks.map(({ network }) => ({
      ...{ network, ...everyDevice[network % (knownDevices + 1)] },
    })),
    allowed: limit + onDevices,
    // Devices that were used up by the lower number are forgotten.
    least: limit,
  },
];

let server: TestServer;
const printed: string[] = [];

beforeAll(async () => {
  server = await startTestServer({
    defaultPolicy: { maxPasswordAttempts: limit, maxOtpAttempts: limit },
  });
});

afterAll(async () => {
  await server.close();
  if (rounds > 1) {
    const engine = process.env["TEST_ENGINE"] ?? "sqlite";
    process.stdout.write(
      [
        `\nA thousand guesses at once, ${rounds} times each, limit ${limit}, on ${engine}:\n`,
        `${"rule".padEnd(72)}allowed  compared\n`,
        ...printed,
      ].join(""),
    );
  }
});

function connect(userId: string, row: number, round: number) {
  const tokens: string[] = [];
  const subject = { case: "userId", value: userId } as const;
  const clientOf = ({ device, network }: Guesser) => ({
    ...(device !== undefined && { deviceToken: tokens[device] ?? "" }),
    ...(network !== undefined && {
      address: `2001:db8:${(row * 100 + round + 1).toString(16)}:${network.toString(16)}::1`,
    }),
  });
  const transport = createGrpcTransport({
    baseUrl: server.url,
    interceptors: [
      (next) => (request) => {
        request.header.set("authorization", `Bearer ${server.adminToken}`);
        return next(request);
      },
    ],
  });
  const attempts = createClient(AttemptService, transport);
  const guess = async (guesser: Guesser = {}): Promise<boolean> => {
    const { decision, attemptId } = await attempts.beginAttempt({
      ...{ subject, factor: Factor.PASSWORD, client: clientOf(guesser) },
    });
    if (decision !== Decision.PROCEED) {
      return false;
    }
    await attempts.completeAttempt({
      ...{ attemptId, outcome: Outcome.FAILED },
      secretDigest: randomBytes(16),
    });
    return true;
  };
  const stage: Stage = {
    ...{ userId, advance: server.advance },
    policies: createClient(PolicyService, transport),
    admin: createClient(AdminService, transport),
    fail: async (times) => {
      for (let time = 0; time < times; time += 1) {
        expect(await guess()).toBe(true);
      }
    },
    remember: async (count) => {
      for (let device = 0; device < count; device += 1) {
        const { attemptId } = await attempts.beginAttempt({
          ...{ subject, factor: Factor.PASSWORD },
        });
        const { deviceToken } = await attempts.completeAttempt({
          ...{ attemptId, outcome: Outcome.SUCCEEDED, rememberDevice: true },
        });
        tokens.push(deviceToken);
      }
    },
  };
  return { attempts, guess, stage };
}

describe.each(rows)(`${guesses} guesses at once with $rule`, (row) => {
  it(`at most ${row.allowed} are compared`, async () => {
    let most = 0;
    for (let round = 0; round < rounds; round += 1) {
      const place = rows.indexOf(row);
      const userId = `${place}-${round}`;
      const { attempts, guess, stage } = connect(userId, place, round);
      const { guessers = [{}] } = row;
      await stage.policies.setInstanceRules({ rules: row.rules });
      await row.before?.(stage);

      let begun = 0;
      let compared = 0;
      let meanwhile: Promise<void> | undefined;
      await Promise.all(
        Array.from({ length: guesses }, async (_none, number) => {
          if (await guess(guessers[number % guessers.length])) {
            compared += 1;
          }
          begun += 1;
          if (begun === 50) {
            meanwhile = row.meanwhile?.(stage);
          }
        }),
      );
      await meanwhile;
      expect(compared).toBeLessThanOrEqual(row.allowed);
      // Whoever was told BUSY tries again: all chances are used, and not one more.
      for (const guesser of guessers) {
        while (await guess(guesser)) {
          compared += 1;
        }
      }
      expect(compared).toBeLessThanOrEqual(row.allowed);
      expect(compared).toBeGreaterThanOrEqual(row.least ?? row.allowed);
      most = Math.max(most, compared);
      const lockout = await attempts.getLockout({
        userId,
      });
      const ofFactor = lockout.factors.find(
        ({ factor }) => factor === Factor.PASSWORD,
      );
      const isFactor = row.rules.lockScope === LockScope.FACTOR;
      const reason = row.reason ?? LockReason.PASSWORD_ATTEMPTS;
      expect(isFactor ? ofFactor : lockout).toMatchObject(
        reason === "open" ? { locked: false } : { locked: true, reason },
      );
    }
    printed.push(
      `${row.rule.padEnd(72)}${String(row.allowed).padStart(7)}${String(most).padStart(10)}\n`,
    );
  });
});
