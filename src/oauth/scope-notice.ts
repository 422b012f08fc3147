import type { AccessToken } from "../auth/access-tokens.ts";
import { audienceScope, hasScope } from "./scopes.ts";

const hourMs = 3_600_000;

/** So many accounts are remembered that were told of. */
const maxRemembered = 1000;

/**
 * Makes what tells of accounts that call by tokens that ZITADEL's API would refuse: once an account and hour.
 *
 * @param now milliseconds since 1970 UTC
 */
export function createScopeNotice(
  now: () => number,
  tell: (accountId: string) => void,
): (token: AccessToken) => void {
  const told = new Map<string, number>();
  return ({ accountId, scope }) => {
    if (hasScope(scope, audienceScope)) {
      return;
    }
    const time = now();
    if (time - (told.get(accountId) ?? -Infinity) < hourMs) {
      return;
    }
    if (told.size >= maxRemembered) {
      told.clear();
    }
    told.set(accountId, time);
    tell(accountId);
  };
}
