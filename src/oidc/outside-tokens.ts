import { hash } from "node:crypto";
import type { Identity } from "../auth/identity.ts";
import { endOf, isFor, isSignedBy, isTimely, timesOf } from "../auth/jwt.ts";
import type { Jwt, JwtTimes } from "../auth/jwt.ts";
import type { VerifiedJwt, VerifyJwt } from "../auth/jwt-bearers.ts";
import { LockoutError } from "../lockout/errors/errors.ts";
import { andThen } from "../store/awaitable.ts";
import type { Awaitable } from "../store/awaitable.ts";
import type { IssuerKey, IssuerKeys } from "./issuer-keys.ts";
import { readRolesClaim } from "./roles.ts";
import type { ClaimedRoles } from "./roles.ts";

/** Which tokens are taken. */
export interface OutsideIssuer {
  /** As tokens have it. */
  readonly issuer: string;
  /** Tokens must be for it. */
  readonly audience: string;
  /** The claim with the roles. */
  readonly rolesClaim: string;
}

/** What is needed to verify them. */
export interface OutsideTokensOptions extends OutsideIssuer {
  readonly keys: Pick<IssuerKeys, "find" | "findOther">;
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number;
  /** The oldest organisation: that of callers whose roles hold everywhere, or nowhere. */
  readonly firstOrgId: () => Awaitable<string>;
  readonly orgExists: (orgId: string) => Awaitable<boolean>;
}

/** The kinds of JWTs that are taken for access tokens, in lower case: others, such as logout tokens, are for something else. */
const types: ReadonlySet<unknown> = new Set([
  ...[undefined, "jwt", "at+jwt", "application/at+jwt"],
]);

/** Ids of callers are written with all that they change. */
const maxSubjectLength = 200;

/** What an organisation of a caller holds in memory, in bytes: a place in a map, its id, and a list of roles. */
const orgBytes = 512;

/** What is kept of a token. */
interface Verified {
  readonly identity: Identity;
  readonly times: JwtTimes;
  readonly kid: string | undefined;
  readonly key: IssuerKey;
  /** The hash of its signature. */
  readonly token: string;
}

/** Verifies the tokens of an issuer outside. A caller is `oidc:` and the subject: no account and no token has such an id. */
export function createOutsideTokens({
  issuer,
  audience,
  rolesClaim,
  keys,
  now,
  firstOrgId,
  orgExists,
}: OutsideTokensOptions): VerifyJwt {
  /** The oldest organisation where the roles hold. */
  const findHome = async ({ everywhere, byOrg }: ClaimedRoles) => {
    if (everywhere.length === 0) {
      for (const orgId of byOrg.keys()) {
        if (await orgExists(orgId)) {
          return orgId;
        }
      }
    }
    return firstOrgId();
  };
  /** Holds nothing else of a token: what claims may hold is a multiple of their text. */
  const remembered = ({
    identity,
    times,
    kid,
    key,
    token,
  }: Verified): VerifiedJwt => ({
    size: (identity.rolesByOrg?.size ?? 0) * orgBytes,
    identify: () => {
      if (!isTimely(times, now() / 1000)) {
        throw new LockoutError("tokenInvalid");
      }
      // Others are made of the same key each time that the issuer's are read.
      return andThen(keys.find(kid, token), (current) => {
        if (current !== key && current?.key.equals(key.key) !== true) {
          return undefined;
        }
        // The roles may hold in another one that is there.
        return andThen(orgExists(identity.orgId), (exists) =>
          exists ? identity : undefined,
        );
      });
    },
  });
  /** The key that has signed a token. @throws LockoutError where none of the issuer has */
  const findSigner = (jwt: Jwt, kid: string | undefined, token: string) =>
    andThen(keys.find(kid, token), (key) => {
      if (key !== undefined && isOf(jwt, key)) {
        return key;
      }
      if (kid !== undefined) {
        throw new LockoutError("tokenInvalid");
      }
      return andThen(keys.findOther(key, token), (other) => {
        if (other === undefined || !isOf(jwt, other)) {
          throw new LockoutError("tokenInvalid");
        }
        return other;
      });
    });
  return (jwt) => {
    const { claims, header } = jwt;
    if (claims["iss"] !== issuer) {
      return undefined;
    }
    const { kid, typ } = header;
    const isMeant =
      (kid === undefined || typeof kid === "string") &&
      types.has(typeof typ === "string" ? typ.toLowerCase() : typ) &&
      isFor(claims, (each) => each === audience) &&
      isTimely(claims, now() / 1000);
    if (!isMeant) {
      throw new LockoutError("tokenInvalid");
    }
    const token = hash("sha256", jwt.signature, "base64url");
    return andThen(findSigner(jwt, kid, token), (key) => {
      const name = readSubject(claims);
      const { everywhere, byOrg } = readRolesClaim(claims[rolesClaim]);
      const expirationDate = endOf(claims);
      return andThen(findHome({ everywhere, byOrg }), (orgId) =>
        remembered({
          identity: {
            ...{ id: `oidc:${name}`, name, orgId },
            roles: byOrg.get(orgId) ?? everywhere,
            ...{ rolesByOrg: byOrg, expirationDate },
            ...{ accessToken: undefined, stored: undefined },
          },
          ...{ times: timesOf(claims), kid, key, token },
        }),
      );
    });
  };
}

function isOf(jwt: Jwt, key: IssuerKey): boolean {
  return (
    (key.alg === undefined || key.alg === jwt.header["alg"]) &&
    isSignedBy(jwt, key)
  );
}

/** Whose token it is. @throws LockoutError where it has no subject */
function readSubject({ sub }: Jwt["claims"]): string {
  if (
    typeof sub !== "string" ||
    sub === "" ||
    sub.length > maxSubjectLength ||
    /\p{Cc}/u.test(sub)
  ) {
    throw new LockoutError("tokenInvalid");
  }
  return sub;
}
