/** The part of the port that is about policies. What `store.ts` says of every method holds here too. */
import type { Limits } from "../lockout/policy/limits.ts";
import type {
  DecidePolicy,
  PolicyView,
  StoredRules,
} from "../lockout/policy/policy.ts";
import type { Awaitable } from "./awaitable.ts";
import type { RecordedEvent } from "./events.ts";

/** Whose policy is meant. */
export type PolicyOwner =
  | { readonly kind: "instance" }
  | { readonly kind: "org"; readonly orgId: string };

/** The numbers of a policy with their last event. */
export interface DatedNumbers extends Limits {
  readonly sequence: number;
  /** The date of that event, in microseconds since 1970 UTC. */
  readonly changeMicros: number;
}

/** The numbers of a policy as they are stored. */
export interface StoredPolicy extends DatedNumbers {
  /** The instance's id or the organisation's. */
  readonly resourceOwner: string;
  /** The date of the event that created them, in microseconds since 1970 UTC. */
  readonly creationMicros: number;
}

/** The rules of a policy with the date of their event, in microseconds since 1970 UTC. */
export interface DatedRules extends StoredRules {
  readonly changeMicros: number;
}

/** The parts of a policy that somebody has of its own, with their dates. */
export interface DatedParts {
  readonly numbers: DatedNumbers | undefined;
  readonly rules: DatedRules | undefined;
}

/** A policy with its dates. */
export interface DatedPolicy extends PolicyView {
  readonly own: DatedParts;
  readonly inherited: DatedParts;
}

/** The policy before there is an instance. */
export const noPolicy: DatedPolicy = {
  owner: "instance",
  own: { numbers: undefined, rules: undefined },
  inherited: { numbers: undefined, rules: undefined },
};

/** The part of the port that is about lockout policies. */
export interface PolicyStore {
  /** The numbers that this owner has of its own. */
  findPolicy(owner: PolicyOwner): Awaitable<StoredPolicy | undefined>;
  /** All that an owner has of its own and what it inherits, at one moment. */
  viewPolicy(owner: PolicyOwner): Promise<DatedPolicy>;
  /**
   * Runs a policy command; resolves with its events, that of the numbers behind that of the rules. An organisation need not exist: callers check
   * that first.
   */
  changePolicy(
    owner: PolicyOwner,
    editor: string,
    decide: DecidePolicy,
  ): Promise<readonly RecordedEvent[]>;
}
