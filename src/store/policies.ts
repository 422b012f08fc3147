/** The part of the port that is about policies. What `store.ts` says of every method holds here too. */
import type { Limits } from "../lockout/limits.ts";
import type { DecidePolicy } from "../lockout/policy.ts";
import type { Awaitable } from "./awaitable.ts";
import type { RecordedEvent } from "./events.ts";

/** Whose policy is meant. */
export type PolicyOwner =
  | { readonly kind: "instance" }
  | { readonly kind: "org"; readonly orgId: string };

/** A policy as it is stored. */
export interface StoredPolicy extends Limits {
  /** The instance's id or the organisation's. */
  readonly resourceOwner: string;
  /** The sequence of the policy's last event. */
  readonly sequence: number;
  /** The date of the event that created it, in microseconds since 1970 UTC. */
  readonly creationMicros: number;
  /** The date of its last event. */
  readonly changeMicros: number;
}

/** The part of the port that is about lockout policies. */
export interface PolicyStore {
  /** The policy that this owner has of its own. */
  findPolicy(owner: PolicyOwner): Awaitable<StoredPolicy | undefined>;
  /** Runs a policy command. An organisation need not exist: callers check that first. */
  changePolicy(
    owner: PolicyOwner,
    editor: string,
    decide: DecidePolicy,
  ): Promise<RecordedEvent>;
}
