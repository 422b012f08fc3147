import { holdsEverywhere, isRole } from "../auth/roles.ts";
import type { Role } from "../auth/roles.ts";

/** The roles that a token of an outside issuer gives. */
export interface ClaimedRoles {
  /** Those named IAM_, which hold in every organisation. */
  readonly everywhere: readonly Role[];
  /** All that hold in an organisation for which the claim names one, by its id: the oldest organisation first. */
  readonly byOrg: ReadonlyMap<string, readonly Role[]>;
}

/**
 * Reads the roles of a claim. As ZITADEL writes it, it is an object: by the name of each role, an object whose keys are the ids of the organisations
 * where it holds. A list of names gives those named IAM_ alone: the others hold nowhere without an organisation. What is unknown gives nothing.
 */
export function readRolesClaim(claim: unknown): ClaimedRoles {
  const everywhere = new Set<Role>();
  const byOrg = new Map<string, Set<Role>>();
  for (const [role, orgIds] of entriesOf(claim)) {
    if (!isRole(role)) {
      continue;
    }
    if (holdsEverywhere(role)) {
      everywhere.add(role);
      continue;
    }
    for (const orgId of orgIds) {
      const roles = byOrg.get(orgId) ?? new Set();
      byOrg.set(orgId, roles.add(role));
    }
  }
  return {
    everywhere: [...everywhere],
    byOrg: new Map(
      [...byOrg]
        .toSorted(([one], [other]) => byAge(one, other))
        .map(([orgId, roles]) => [orgId, [...everywhere, ...roles]]),
    ),
  };
}

/** Ids of organisations have 18 digits, and sort by time. */
function byAge(one: string, other: string): number {
  return one < other ? -1 : 1;
}

function entriesOf(
  claim: unknown,
): readonly (readonly [string, readonly string[]])[] {
  if (typeof claim !== "object" || claim === null) {
    return [];
  }
  if (Array.isArray(claim)) {
    return claim.flatMap((each: unknown) =>
      typeof each === "string" ? [[each, []] as const] : [],
    );
  }
  return Object.entries(claim).map(([role, orgs]: [string, unknown]) => [
    role,
    typeof orgs === "object" && orgs !== null ? Object.keys(orgs) : [],
  ]);
}
