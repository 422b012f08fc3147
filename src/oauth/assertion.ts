import { createPublicKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isFor, isSignedBy, isTimely, isYoung, readJwt } from "../auth/jwt.ts";
import { isActive } from "../lockout/account/account-record.ts";
import type { Account, AccountKey } from "../lockout/account/account-record.ts";
import type { AccountStore } from "../store/accounts.ts";
import { mayBeAccountId } from "../store/accounts.ts";
import { andThen } from "../store/awaitable.ts";
import type { Store } from "../store/store.ts";

/** Whom an assertion is of. */
export interface Asserted {
  readonly account: Account;
  readonly key: AccountKey;
}

/** Checks assertions: JWTs that an account has signed with one of its keys. */
export interface Assertions {
  /** Whom it is of. `unreadable` where it is no JWT, `wrong` where anything about it is. */
  readonly check: (
    assertion: string,
    issuer: string,
  ) => Promise<Asserted | "unreadable" | "wrong">;
}

/** In seconds. */
const maxAge = 3600;

/** Keys that are remembered: what a key id stands for never changes. Whether the account still has it is looked up each time. */
const maxKeys = 1000;

interface KnownKey {
  readonly stored: AccountKey;
  readonly object: KeyObject;
}

/** Makes {@link Assertions}. The same assertion may come twice: Go's clients make two of a second alike. */
export function createAssertions(
  store: Pick<AccountStore, "findAccount" | "findAccountKey"> &
    Pick<Store, "now">,
): Assertions {
  const keys = new Map<string, KnownKey>();
  const findKey = (account: Account, kid: string) => {
    const name = `${account.id} ${kid}`;
    const known = keys.get(name);
    if (known !== undefined) {
      return known;
    }
    return andThen(store.findAccountKey(account.id, kid), (found) => {
      if (found === undefined) {
        return undefined;
      }
      if (keys.size >= maxKeys) {
        keys.clear();
      }
      const key = { stored: found, object: toKeyObject(found) };
      keys.set(name, key);
      return key;
    });
  };
  return {
    check: async (assertion, issuer) => {
      const jwt = readJwt(assertion);
      if (jwt === undefined) {
        return "unreadable";
      }
      const { header, claims } = jwt;
      const { kid } = header;
      const { iss, sub } = claims;
      const now = store.now() / 1000;
      if (
        typeof kid !== "string" ||
        typeof iss !== "string" ||
        iss !== sub ||
        !mayBeAccountId(iss) ||
        !isFor(claims, (audience) => audience === issuer) ||
        !isTimely(claims, now) ||
        !isYoung(claims, now, maxAge)
      ) {
        return "wrong";
      }
      const account = await store.findAccount(iss);
      if (account === undefined || !isActive(account)) {
        return "wrong";
      }
      if (!account.keyIds.includes(kid)) {
        return "wrong";
      }
      const key = await findKey(account, kid);
      if (
        key === undefined ||
        (key.stored.expirationDate ?? Infinity) <= store.now()
      ) {
        return "wrong";
      }
      const { algorithm } = key.stored;
      return isSignedBy(jwt, { algorithm, key: key.object })
        ? { account, key: key.stored }
        : "wrong";
    },
  };
}

function toKeyObject({ publicKey }: AccountKey): KeyObject {
  return createPublicKey({
    ...{ key: Buffer.from(publicKey), format: "der", type: "spki" },
  });
}
