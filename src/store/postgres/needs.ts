import type { PolicyAggregate } from "../commands/tables.ts";
import type { Subject, UserKey } from "../users.ts";

/** What is read and locked before a command runs. */
export type Need =
  | Extract<Subject, { readonly kind: "user" }>
  /** A login name: the user with that alias, and what is counted for the name. */
  | (Extract<Subject, { readonly kind: "name" }> & {
      readonly hash: Uint8Array;
    })
  /** A login name itself, if it is kept, whoever it leads to. */
  | {
      readonly kind: "kept name";
      readonly orgId: string;
      readonly hash: Uint8Array;
    }
  /** An attempt of a subject of the organisation. */
  | {
      readonly kind: "attempt";
      readonly orgId: string;
      readonly attemptId: string;
    }
  /** A report with a key. */
  | { readonly kind: "report"; readonly orgId: string; readonly key: string }
  /** Aliases, whoever has them, and all of the user's. */
  | ({ readonly kind: "aliases"; readonly folded: readonly string[] } & UserKey)
  /** The policy of an owner, to change it. */
  | { readonly kind: "policy"; readonly owner: PolicyAggregate }
  /** The storms of an organisation, to settle them. */
  | { readonly kind: "storms"; readonly orgId: string }
  /** The policy that holds in an organisation, as it is. */
  | { readonly kind: "rules"; readonly orgId: string }
  /** Subjects with attempts that have expired, at most so many attempts. */
  | { readonly kind: "expired"; readonly limit: number };

/** The parameters that the needs of a batch come to. */
export function ask(needs: readonly Need[]) {
  const asked = {
    userOrgs: [] as string[],
    userIds: [] as string[],
    nameOrgs: [] as string[],
    nameFolded: [] as string[],
    nameHashes: [] as Uint8Array[],
    attemptIds: [] as string[],
    reportOrgs: [] as string[],
    reportKeys: [] as string[],
    aliasOrgs: [] as string[],
    aliasFolded: [] as string[],
    ownerOrgs: [] as string[],
    ownerIds: [] as string[],
    expired: 0,
    policyOwners: [] as PolicyAggregate[],
    stormOrgs: [] as string[],
    orgs: [] as string[],
    hasSubjects: false,
  };
  for (const need of needs) {
    switch (need.kind) {
      case "user":
        asked.userOrgs.push(need.orgId);
        asked.userIds.push(need.userId);
        break;
      case "name":
        for (const folded of [need.foldedName, need.formerName]) {
          if (folded === undefined) {
            continue;
          }
          asked.nameOrgs.push(need.orgId);
          asked.nameFolded.push(folded);
          asked.nameHashes.push(need.hash);
        }
        break;
      case "kept name":
        asked.nameOrgs.push(need.orgId);
        // Leads to nobody: no alias is empty.
        asked.nameFolded.push("");
        asked.nameHashes.push(need.hash);
        break;
      case "attempt":
        asked.attemptIds.push(need.attemptId);
        break;
      case "report":
        asked.reportOrgs.push(need.orgId);
        asked.reportKeys.push(need.key);
        break;
      case "aliases":
        asked.ownerOrgs.push(need.orgId);
        asked.ownerIds.push(need.userId);
        for (const folded of need.folded) {
          asked.aliasOrgs.push(need.orgId);
          asked.aliasFolded.push(folded);
        }
        break;
      case "policy":
        asked.policyOwners.push(need.owner);
        break;
      case "storms":
        // Who settles them appends events of the organisation: its row is locked, as to change the policy.
        asked.policyOwners.push({ type: "org", id: need.orgId });
        asked.stormOrgs.push(need.orgId);
        break;
      case "rules":
        break;
      case "expired":
        asked.expired += need.limit;
        break;
    }
    if (need.kind === "policy") {
      if (need.owner.type === "org") {
        asked.orgs.push(need.owner.id);
      }
    } else if (need.kind === "rules" || need.kind === "storms") {
      asked.orgs.push(need.orgId);
    } else {
      asked.hasSubjects = true;
      if (need.kind !== "expired") {
        asked.orgs.push(need.orgId);
      }
    }
  }
  // The same row twice in one statement would be an error; and all transactions lock in one order.
  const owners = new Map(
    asked.policyOwners.map((owner) => [`${owner.type}\n${owner.id}`, owner]),
  );
  asked.policyOwners = [...owners]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, owner]) => owner);
  return asked;
}
