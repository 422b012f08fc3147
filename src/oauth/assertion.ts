import { createPublicKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isFor, isSignedBy, isTimely, isYoung, readJwt } from "../auth/jwt.ts";
import { isActive } from "../lockout/account-record.ts";
import type { Account, AccountKey } from "../lockout/account-record.ts";
import type { AccountStore } from "../store/accounts.ts";
import { mayBeAccountId } from "../store/accounts.ts";
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

/** Keys that are read from their bytes: what a key id stands for never changes. */
const maxKeys = 1000;

/** Makes {@link Assertions}. The same assertion may come twice: Go's clients make two of a second alike. */
export function createAssertions(
  store: Pick<AccountStore, "findAccount" | "findAccountKey"> &
    Pick<Store, "now">,
): Assertions {
  const keys = new Map<string, KeyObject>();
  const keyObject = (account: Account, { id, publicKey }: AccountKey) => {
    const name = `${account.id} ${id}`;
    let key = keys.get(name);
    if (key === undefined) {
      if (keys.size >= maxKeys) {
        keys.clear();
      }
      key = createPublicKey({
        key: Buffer.from(publicKey),
        format: "der",
        type: "spki",
      });
      keys.set(name, key);
    }
    return key;
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
      const key = await store.findAccountKey(account.id, kid);
      if (
        key === undefined ||
        (key.expirationDate ?? Infinity) <= store.now()
      ) {
        return "wrong";
      }
      const verifying = {
        algorithm: key.algorithm,
        key: keyObject(account, key),
      };
      return isSignedBy(jwt, verifying) ? { account, key } : "wrong";
    },
  };
}
