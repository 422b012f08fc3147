import { andThen } from "../store/awaitable.ts";
import type { Awaitable } from "../store/awaitable.ts";
import type { Identity } from "./identity.ts";
import { readJwt } from "./jwt.ts";
import type { Jwt } from "./jwt.ts";
import { RememberedTokens } from "./remembered-tokens.ts";

/** A JWT whose signature was verified. */
export interface VerifiedJwt {
  /** Who calls by it now; undefined where it has to be verified anew. @throws LockoutError where it has ended */
  readonly identify: () => Awaitable<Identity | undefined>;
  /** How many bytes it holds beyond some short texts, by a careful estimate. */
  readonly size: number;
}

/** Verifies a JWT. Undefined where somebody else may know it. @throws LockoutError where it is refused */
export type VerifyJwt = (jwt: Jwt) => Awaitable<VerifiedJwt | undefined>;

/** Finds who calls by a JWT that is no access token of an account. Undefined where nobody knows it. @throws LockoutError where it is refused */
export type IdentifyByJwt = (text: string) => Awaitable<Identity | undefined>;

/** Every JWT begins so: other secrets are not read. */
const start = "eyJ";

/** Makes {@link IdentifyByJwt}. */
export function createJwtBearers(
  verifiers: readonly VerifyJwt[],
): IdentifyByJwt {
  const remembered = new RememberedTokens<VerifiedJwt>(({ size }) => size);
  const verify = (text: string): Awaitable<Identity | undefined> => {
    const jwt = readJwt(text);
    if (jwt === undefined) {
      return undefined;
    }
    const tryNext = (at: number): Awaitable<Identity | undefined> => {
      const verifier = verifiers[at];
      return (
        verifier &&
        andThen(verifier(jwt), (verified) => {
          if (verified === undefined) {
            return tryNext(at + 1);
          }
          remembered.add(text, verified);
          return verified.identify();
        })
      );
    };
    return tryNext(0);
  };
  return (text) => {
    if (verifiers.length === 0 || !text.startsWith(start)) {
      return undefined;
    }
    const known = remembered.get(text);
    return known === undefined
      ? verify(text)
      : andThen(known.identify(), (identity) => {
          if (identity !== undefined) {
            return identity;
          }
          remembered.delete(text);
          return verify(text);
        });
  };
}
