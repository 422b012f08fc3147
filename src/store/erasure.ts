import type { Store } from "./store.ts";
import type { UserKey } from "./users.ts";

/** What was known of a person, and is not any more. */
export interface ErasedUser {
  /** Whether there was a user to remove; else there are events only of who was removed before. */
  readonly removed: boolean;
  /** How many events told of addresses, devices or names. */
  readonly events: number;
}

/**
 * Forgets a person: removes the user, and takes addresses, user agents, devices and login names out of the events of everybody who had this
 * id up to now. Undefined where there is neither a user nor an event of one.
 */
export async function eraseUser(
  store: Pick<Store, "deleteUser" | "listEvents" | "eraseEvents">,
  key: UserKey,
): Promise<ErasedUser | undefined> {
  const removed = await store.deleteUser(key, "SYSTEM");
  const { orgId, userId } = key;
  const findLast = async (
    aggregateTypes: readonly ["user" | "org"],
    aggregateId: string,
    ...types: readonly ("user.removed" | "org.removed")[]
  ) => {
    const [last] = await store.listEvents({
      ...{ ascending: false, limit: 1, types },
      ...{ aggregateId, aggregateTypes, resourceOwner: orgId },
    });
    return last;
  };
  // Who registers by this id from now on is somebody else. With the organisation everybody was removed.
  const isOrgGone =
    (await findLast(["org"], orgId, "org.removed")) !== undefined;
  const end = await (isOrgGone
    ? findLast(["user"], userId)
    : findLast(["user"], userId, "user.removed"));
  if (end === undefined) {
    return undefined;
  }
  let events = 0;
  let after: number | undefined = 0;
  while (after !== undefined) {
    const { count, last } = await store.eraseEvents({
      ...{ ...key, after },
      upTo: end.sequence,
    });
    events += count;
    after = last;
  }
  return { removed: removed !== undefined, events };
}
