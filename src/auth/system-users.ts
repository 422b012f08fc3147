import { createPublicKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { LockoutError } from "../lockout/errors/errors.ts";
import { andThen } from "../store/awaitable.ts";
import type { Awaitable } from "../store/awaitable.ts";
import { endOf, isFor, isSignedBy, isTimely, isYoung, timesOf } from "./jwt.ts";
import type { JwtTimes } from "./jwt.ts";
import type { Identity } from "./identity.ts";
import type { VerifiedJwt, VerifyJwt } from "./jwt-bearers.ts";

/** Somebody whom the operator has named, and who signs each token himself. */
export interface SystemUser {
  readonly name: string;
  /** RSA; DER, SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  readonly roles: readonly string[];
}

/** What is needed to verify their tokens. */
export interface SystemUsersOptions {
  readonly users: readonly SystemUser[];
  /** Whether an audience is this server. */
  readonly isOwnIssuer: (audience: string) => boolean;
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number;
  /** The organisation of their calls that name none. */
  readonly firstOrgId: () => Awaitable<string>;
}

type Known = Omit<SystemUser, "publicKey"> & { readonly key: KeyObject };

/** How old a token may be, in seconds. */
const maxAge = 3600;

/** Verifies the tokens of system users: `iss` and `sub` are the name, `aud` is this server's issuer, and `iat` not older than an hour. */
export function createSystemUsers({
  users,
  isOwnIssuer,
  now,
  firstOrgId,
}: SystemUsersOptions): VerifyJwt {
  const byName = new Map(
    users.map(({ publicKey, ...user }): [unknown, Known] => [
      user.name,
      {
        ...user,
        key: createPublicKey({
          ...{ key: Buffer.from(publicKey), format: "der", type: "spki" },
        }),
      },
    ]),
  );
  const requireTimely = (times: JwtTimes) => {
    const time = now() / 1000;
    if (!isTimely(times, time) || !isYoung(times, time, maxAge)) {
      throw new LockoutError("tokenInvalid");
    }
  };
  /** Holds nothing else of a token. */
  const remembered = (identity: Identity, times: JwtTimes): VerifiedJwt => ({
    size: 0,
    identify: () => {
      requireTimely(times);
      return identity;
    },
  });
  return (jwt) => {
    const { claims } = jwt;
    const user = byName.get(claims["iss"]);
    if (user === undefined) {
      return undefined;
    }
    const { name, key, roles } = user;
    requireTimely(claims);
    if (
      claims["sub"] !== name ||
      !isFor(
        claims,
        (audience) => typeof audience === "string" && isOwnIssuer(audience),
      ) ||
      !isSignedBy(jwt, { algorithm: "RSA", key })
    ) {
      throw new LockoutError("tokenInvalid");
    }
    const times = timesOf(claims);
    const expirationDate = endOf(claims);
    return andThen(firstOrgId(), (orgId) =>
      remembered(
        {
          ...{ id: name, name, orgId, roles, expirationDate },
          ...{
            accessToken: undefined,
            stored: undefined,
          },
        },
        times,
      ),
    );
  };
}
