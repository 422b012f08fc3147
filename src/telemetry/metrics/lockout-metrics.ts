import type { Decision } from "../../lockout/attempt/attempt.ts";
import { factors } from "../../lockout/user/factor.ts";
import type { LockReason } from "../../lockout/user/lock.ts";
import type { ComparedOutcome } from "../../lockout/user/user.ts";
import type { LockScope, StoreMeter } from "../../store/meter.ts";
import { CounterFamily } from "./family.ts";
import type { Family, Labels } from "./family.ts";
import { Grid, placesOf } from "./grid.ts";
import { HistogramFamily } from "./histogram.ts";

const decisions: readonly (Decision | "throttled")[] = [
  ...["proceed", "locked", "busy"],
  ...["throttled", "inactive"],
] as const;
const outcomes: readonly ComparedOutcome[] = [
  ...["succeeded", "failed"],
  ...["not_a_guess", "expired"],
] as const;
/** Why users are locked, as labels have it. */
export const lockReasons: readonly LockReason[] = [
  ...["password_attempts", "otp_attempts"],
  ...["ceiling", "administrator"],
] as const;
const unlockReasons = ["expired", "administrator"] as const;
const scopes: readonly LockScope[] = ["user", "factor"];

const factorPlaces = placesOf(factors);
const decisionPlaces = placesOf(decisions);
const outcomePlaces = placesOf(outcomes);
const lockPlaces = placesOf(lockReasons);
const unlockPlaces = placesOf(unlockReasons);
const scopePlaces = placesOf(scopes);

/** Seconds. A commit takes as long as a sync to the disk, or two round trips. */
const commitBounds = [
  ...[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025],
  ...[0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
];
const batchBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** The engines, as labels have them. */
export type EngineName = "sqlite" | "postgres";

/** What is counted for an organisation, or for all together. */
interface Counters {
  readonly attempts: Grid;
  readonly completed: Grid;
  readonly locks: Grid;
  readonly unlocks: Grid;
  readonly storms: Grid;
}

/** The metrics of attempts, locks and commits. */
export interface LockoutMetrics {
  readonly meter: StoreMeter;
  readonly families: readonly Family[];
}

/** @param perOrg whether all but commits is counted for each organisation, by a label of its id */
export function createLockoutMetrics(
  engine: EngineName,
  perOrg: boolean,
): LockoutMetrics {
  const attempts = new CounterFamily(
    "lockoutd_attempts",
    "Attempts that were begun or refused.",
  );
  const completed = new CounterFamily(
    "lockoutd_attempts_completed",
    "Attempts that ended, and reports.",
  );
  const locks = new CounterFamily("lockoutd_locks", "Users who were locked.");
  const unlocks = new CounterFamily(
    "lockoutd_unlocks",
    "Users who were unlocked.",
  );
  const storms = new CounterFamily(
    "lockoutd_storms",
    "Storms of locks that began.",
  );
  const commitSeconds = new HistogramFamily(
    "lockoutd_store_commit_seconds",
    "How long transactions took until they were durable.",
    commitBounds,
  );
  const batchSize = new HistogramFamily(
    "lockoutd_store_batch_size",
    "Commands that shared a transaction.",
    batchBounds,
  );
  const create = (more: Labels): Counters => ({
    attempts: new Grid(
      attempts,
      [
        ["factor", factors],
        ["decision", decisions],
        ["known_user", ["false", "true"]],
      ],
      more,
    ),
    completed: new Grid(
      completed,
      [
        ["factor", factors],
        ["outcome", outcomes],
      ],
      more,
    ),
    // These are rare: an alert must see the first of them, so they are there before it.
    locks: new Grid(
      locks,
      [
        ["reason", lockReasons],
        ["scope", scopes],
      ],
      more,
    ).fill(),
    unlocks: new Grid(
      unlocks,
      [
        ["reason", unlockReasons],
        ["scope", scopes],
      ],
      more,
    ).fill(),
    storms: new Grid(storms, [], more).fill(),
  });
  const countersOf = perOrg ? byOrg(create) : ofAll(create);
  const seconds = commitSeconds.histogram({ engine });
  const size = batchSize.histogram({ engine });
  return {
    families: [
      ...[attempts, completed, locks, unlocks, storms],
      ...[commitSeconds, batchSize],
    ],
    meter: {
      attempt: (orgId, factor, decision, isKnown) =>
        countersOf(orgId).attempts.at(
          (factorPlaces[factor] * decisions.length + decisionPlaces[decision]) *
            2 +
            Number(isKnown),
        ),
      completed: (orgId, factor, outcome) =>
        countersOf(orgId).completed.at(
          factorPlaces[factor] * outcomes.length + outcomePlaces[outcome],
        ),
      locked: (orgId, reason, scope) =>
        countersOf(orgId).locks.at(
          lockPlaces[reason] * scopes.length + scopePlaces[scope],
        ),
      unlocked: (orgId, reason, scope) =>
        countersOf(orgId).unlocks.at(
          unlockPlaces[reason] * scopes.length + scopePlaces[scope],
        ),
      storm: (orgId) => countersOf(orgId).storms.at(0),
      committed: (took, commands) => {
        seconds.observe(took);
        size.observe(commands);
      },
    },
  };
}

function ofAll(create: (more: Labels) => Counters): () => Counters {
  const all = create({});
  all.attempts.fill();
  all.completed.fill();
  return () => all;
}

/** Organisations that exist: the gate lets no other id through. */
function byOrg(
  create: (more: Labels) => Counters,
): (orgId: string) => Counters {
  const known = new Map<string, Counters>();
  return (orgId) => {
    let counters = known.get(orgId);
    if (counters === undefined) {
      counters = create({ organization: orgId });
      known.set(orgId, counters);
    }
    return counters;
  };
}
