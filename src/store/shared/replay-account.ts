import type { Account } from "../../lockout/account/account-record.ts";
import type { EventPayload } from "../../lockout/events/event.ts";

/** What the events of a service account come to. */
export interface AccountEvents {
  readonly userName: unknown;
  readonly name: unknown;
  readonly description: unknown;
  readonly roles: unknown;
  readonly account: "active" | "inactive";
  readonly isLocked: boolean;
  readonly hasSecret: boolean;
  readonly keyIds: readonly string[];
  readonly tokenIds: readonly string[];
}

/** An account before its first event. */
export const noAccount: AccountEvents = {
  ...{ userName: "", name: "", description: "", roles: [] },
  ...{ account: "active", isLocked: false, hasSecret: false },
  ...{ keyIds: [], tokenIds: [] },
};

/** What an account is by its row, to be compared with what its events come to. */
export function stateOf(account: Account): AccountEvents {
  return {
    ...{ userName: account.loginName, name: account.name },
    ...{ description: account.description, roles: account.roles },
    ...{ keyIds: account.keyIds, tokenIds: account.tokenIds },
    account: account.state.account === "inactive" ? "inactive" : "active",
    isLocked: account.state.lock !== undefined,
    hasSecret: account.secret !== undefined,
  };
}

/** What an account is after its next event; undefined where that removed it. */
export function replayAccount(
  before: AccountEvents,
  type: string,
  { userName, name, description, roles, keyId, tokenId }: EventPayload,
): AccountEvents | undefined {
  switch (type) {
    case "user.machine.added":
    case "user.machine.changed":
    case "user.username.changed":
      return {
        ...before,
        ...(userName !== undefined && { userName }),
        ...(name !== undefined && { name }),
        ...(description !== undefined && { description }),
        ...(roles !== undefined && { roles }),
      };
    case "user.machine.key.added":
      return { ...before, keyIds: [...before.keyIds, String(keyId)].sort() };
    case "user.machine.key.removed":
      return { ...before, keyIds: before.keyIds.filter((id) => id !== keyId) };
    case "user.pat.added":
      return {
        ...before,
        tokenIds: [...before.tokenIds, String(tokenId)].sort(),
      };
    case "user.pat.removed":
      return {
        ...before,
        tokenIds: before.tokenIds.filter((id) => id !== tokenId),
      };
    case "user.machine.secret.set":
      return { ...before, hasSecret: true };
    case "user.machine.secret.removed":
      return { ...before, hasSecret: false };
    case "user.locked":
      return { ...before, isLocked: true };
    case "user.unlocked":
      return { ...before, isLocked: false };
    case "user.deactivated":
      return { ...before, account: "inactive" };
    case "user.reactivated":
      return { ...before, account: "active" };
    case "user.removed":
      return undefined;
    default:
      return before;
  }
}
