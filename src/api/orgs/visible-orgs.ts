import { isMember, isMemberEverywhere, ownOrgs } from "../../auth/caller.ts";
import type { Caller } from "../../auth/caller.ts";
import type { Org, OrgStore } from "../../store/access.ts";
import { everyItem } from "../../store/pages.ts";

/** The organisation with an id, where the caller has a role in it. */
export async function findVisibleOrg(
  store: Pick<OrgStore, "findOrg">,
  caller: Caller,
  orgId: string,
): Promise<Org | undefined> {
  return isMember(caller, orgId) ? store.findOrg(orgId) : undefined;
}

/**
 * The organisations in which the caller has a role, oldest first.
 *
 * @param ids only these; undefined for all
 */
export async function* visibleOrgs(
  store: Pick<OrgStore, "findOrg" | "listOrgs">,
  caller: Caller,
  ids: readonly string[] | undefined,
): AsyncGenerator<Org> {
  if (ids === undefined && isMemberEverywhere(caller)) {
    yield* everyItem((page) => store.listOrgs(page));
    return;
  }
  for (const id of ids ?? ownOrgs(caller)) {
    const org = await findVisibleOrg(store, caller, id);
    if (org !== undefined) {
      yield org;
    }
  }
}
