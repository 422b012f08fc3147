import { isActive } from "../lockout/account/account-record.ts";
import type { Account } from "../lockout/account/account-record.ts";
import { LockoutError } from "../lockout/errors/errors.ts";
import type { TokenRecord, TokenStore } from "../store/access.ts";
import type { AccountStore } from "../store/accounts.ts";
import { andThen } from "../store/awaitable.ts";
import type { Awaitable } from "../store/awaitable.ts";
import type { Store } from "../store/store.ts";
import type { AccessToken, AccessTokens } from "./access-tokens.ts";
import type { Identity } from "./identity.ts";
import type { IdentifyByJwt } from "./jwt-bearers.ts";
import { RememberedHashes } from "./remembered-hashes.ts";
import { RememberedTokens } from "./remembered-tokens.ts";
import { hashSecret } from "./tokens.ts";

/** How many headers are remembered: about as many as there are tokens in use. */
const maxRememberedHashes = 1000;

/** What is needed of the store to know who calls. */
export type AuthenticationStore = Pick<TokenStore, "findToken"> &
  Pick<AccountStore, "findAccount" | "isTokenRevoked"> &
  Pick<Store, "now">;

/**
 * Finds who calls, by the Authorization header. What ends a token is looked up each time: it may be revoked at any moment, by another process too.
 *
 * @throws LockoutError where it is none, or has ended
 */
export type Authenticate = (header: string | null) => Awaitable<Identity>;

/** Makes {@link Authenticate}. @param onAccessToken told of each use of an access token @param identifyByJwt of those who are not stored here */
export function createAuthenticate(
  store: AuthenticationStore,
  accessTokens: Pick<AccessTokens, "open">,
  onAccessToken: (token: AccessToken) => void,
  identifyByJwt: IdentifyByJwt,
): Authenticate {
  const hashes = new RememberedHashes(maxRememberedHashes);
  const opened = new RememberedTokens<AccessToken>();
  const byAccessToken = (accessToken: AccessToken) =>
    andThen(findAccountOf(store, accessToken), (account) => {
      if (account === undefined) {
        throw new LockoutError("tokenInvalid");
      }
      onAccessToken(accessToken);
      return {
        ...identityOf(account, accessToken.expires * 1000),
        ...{ stored: undefined, accessToken },
      };
    });
  return (header) => {
    if (header === null || header === "") {
      throw new LockoutError("authHeaderMissing");
    }
    const known = hashes.get(header);
    if (known !== undefined) {
      return andThen(store.findToken(known), (token) => {
        if (token === undefined) {
          hashes.delete(header);
        }
        return identify(store, token);
      });
    }
    const again = opened.get(header);
    if (again !== undefined) {
      return byAccessToken(again);
    }
    const secret = /^bearer +(\S+)$/i.exec(header)?.[1];
    if (secret === undefined) {
      throw new LockoutError("tokenInvalid");
    }
    return andThen(accessTokens.open(secret), (accessToken) => {
      if (accessToken !== undefined) {
        opened.add(header, accessToken);
        return byAccessToken(accessToken);
      }
      return andThen(identifyByJwt(secret), (identity) => {
        if (identity !== undefined) {
          return identity;
        }
        const hash = hashSecret(secret);
        return andThen(store.findToken(hash), (token) => {
          if (token !== undefined) {
            hashes.add(header, hash);
          }
          return identify(store, token);
        });
      });
    });
  };
}

/** The account of an access token that is good now; undefined where it has ended, by itself or with what it was got by. */
export function findAccountOf(
  store: Omit<AuthenticationStore, "findToken">,
  token: AccessToken,
): Awaitable<Account | undefined> {
  if (token.expires * 1000 <= store.now()) {
    return undefined;
  }
  return andThen(store.findAccount(token.accountId), (account) => {
    if (account === undefined || !isActive(account) || !has(account, token)) {
      return undefined;
    }
    return account.hasRevokedTokens
      ? andThen(store.isTokenRevoked(account.id, token.id), (isRevoked) =>
          isRevoked ? undefined : account,
        )
      : account;
  });
}

function has(account: Account, { gotBy, gotById }: AccessToken): boolean {
  return gotBy === "key"
    ? account.keyIds.includes(gotById)
    : account.secret?.id === gotById;
}

/** The account of a personal token, which is good only while that is active; undefined where the token has ended. */
export function findAccountOfToken(
  store: Pick<AccountStore, "findAccount">,
  accountId: string,
): Awaitable<Account | undefined> {
  return andThen(store.findAccount(accountId), (account) =>
    account !== undefined && isActive(account) ? account : undefined,
  );
}

/** @param expirationDate of the token that the account shows */
function identityOf(
  { id, loginName: name, orgId, roles }: Account,
  expirationDate: number | undefined,
): Pick<Identity, "id" | "name" | "orgId" | "roles" | "expirationDate"> {
  return { id, name, orgId, roles, expirationDate };
}

/** Who calls by a personal token. @throws LockoutError where no such token is stored, or it has ended */
function identify(
  store: AuthenticationStore,
  token: TokenRecord | undefined,
): Awaitable<Identity> {
  if (
    token === undefined ||
    (token.expirationDate !== undefined && token.expirationDate <= store.now())
  ) {
    throw new LockoutError("tokenInvalid");
  }
  const { id, name, orgId, roles, accountId, expirationDate } = token;
  if (accountId === undefined) {
    // Each by its name: to spread an object of any shape takes V8 many times as long.
    return {
      id,
      name,
      orgId,
      roles,
      expirationDate,
      stored: token,
      accessToken: undefined,
    };
  }
  return andThen(findAccountOfToken(store, accountId), (account) => {
    if (account === undefined) {
      throw new LockoutError("tokenInvalid");
    }
    return {
      ...identityOf(account, expirationDate),
      ...{ stored: token, accessToken: undefined },
    };
  });
}
