/** The part of the port that finds users of several organisations. What `store.ts` says of every method holds here too. */
import type { UserKey } from "./users.ts";

/** The part of the port that finds users of several organisations. */
export interface UserLookupStore {
  /** The users of these organisations who have one of these aliases, as folded. */
  findUsersNamed(
    orgIds: readonly string[],
    foldedNames: readonly string[],
  ): Promise<readonly UserKey[]>;
  /** How many users an organisation has, or all have together. */
  countUsers(orgId: string | undefined): Promise<number>;
}
