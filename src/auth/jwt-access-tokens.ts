import type { Account } from "../lockout/account/account-record.ts";
import { andThen } from "../store/awaitable.ts";
import type { Awaitable } from "../store/awaitable.ts";
import type { AccessToken } from "./access-tokens.ts";
import { isSignedBy, makeJwt, readJwt } from "./jwt.ts";
import type { Jwt } from "./jwt.ts";
import { RememberedTokens } from "./remembered-tokens.ts";
import { zitadelRolesClaim } from "./roles-claim.ts";
import type { SigningKeys } from "./signing-keys.ts";

/** Signs access tokens that others can read too, and reads them. */
export interface JwtAccessTokens {
  /** @param issuer whom the client takes for the issuer */
  readonly sign: (
    token: AccessToken,
    account: Account,
    issuer: string,
  ) => Promise<string>;
  /** What a token says, expired or not; undefined where it is none of this installation's. Roles in it are for others. */
  readonly open: (text: string) => Awaitable<AccessToken | undefined>;
}

/** As RFC 9068 has it: no other JWT of an issuer is taken for an access token. */
const type = "at+jwt";

/** The claim with the id of the key, or of the secret, by which the token was got. */
const gotByClaims = {
  key: "urn:lockoutd:key:id",
  secret: "urn:lockoutd:secret:id",
} as const;

/** Makes {@link JwtAccessTokens}. */
export function createJwtAccessTokens(
  keys: Pick<SigningKeys, "current" | "find">,
): JwtAccessTokens {
  const remembered = new RememberedTokens<{
    readonly keyId: string;
    readonly token: AccessToken;
  }>();
  return {
    sign: async (token, account, issuer) => {
      const { id, privateKey } = await keys.current();
      return makeJwt(
        { typ: type, kid: id },
        claimsOf(token, account, issuer),
        privateKey,
      );
    },
    open: (text) => {
      const known = remembered.get(text);
      if (known !== undefined) {
        return andThen(keys.find(known.keyId), (key) => key && known.token);
      }
      const jwt = readJwt(text);
      const kid = jwt?.header["kid"];
      if (jwt?.header["typ"] !== type || typeof kid !== "string") {
        return undefined;
      }
      return andThen(keys.find(kid), (found) => {
        const isOwn =
          found !== undefined &&
          isSignedBy(jwt, { algorithm: "RSA", key: found.publicKey });
        if (!isOwn) {
          return undefined;
        }
        const token = toAccessToken(jwt.claims);
        remembered.add(text, { keyId: kid, token });
        return token;
      });
    },
  };
}

function claimsOf(
  { id, accountId, gotBy, gotById, issued, expires, scope }: AccessToken,
  { loginName, orgId, roles }: Account,
  issuer: string,
) {
  return {
    ...{ iss: issuer, sub: accountId, aud: [issuer] },
    ...{ exp: expires, iat: issued, nbf: issued, jti: id },
    ...{ client_id: loginName, scope },
    // ZITADEL's has the domain of the organisation in the place of the second id.
    [zitadelRolesClaim]: Object.fromEntries(
      roles.map((role) => [role, { [orgId]: orgId }]),
    ),
    [gotByClaims[gotBy]]: gotById,
  };
}

/** Only what {@link claimsOf} has made is signed by these keys. */
function toAccessToken(claims: Jwt["claims"]): AccessToken {
  const gotBy = gotByClaims.key in claims ? "key" : "secret";
  return {
    ...{ id: String(claims["jti"]), accountId: String(claims["sub"]) },
    ...{ gotBy, gotById: String(claims[gotByClaims[gotBy]]) },
    issued: Number(claims["iat"]),
    ...{ expires: Number(claims["exp"]), scope: String(claims["scope"]) },
  };
}
