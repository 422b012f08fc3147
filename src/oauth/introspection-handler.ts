import { findAccountOf, findAccountOfToken } from "../auth/authenticate.ts";
import type { Account } from "../lockout/account/account-record.ts";
import { holdsEverywhere, isRole } from "../auth/roles.ts";
import { hashSecret } from "../auth/tokens.ts";
import { maxFormBytes } from "./form.ts";
import { withOAuthErrors, jsonResponse } from "./handler.ts";
import type { OAuthHandler } from "./handler.ts";
import type { OAuthParts } from "./parts.ts";
import { readTokenRequest } from "./token-request.ts";

/** What is said of a token that is good. Times are in seconds since 1970 UTC. */
interface Described {
  readonly orgId: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** `POST /oauth/v2/introspect`: RFC 7662. Of tokens that are unknown, or have ended, no more is said than that. */
export function createIntrospectionHandler(parts: OAuthParts): OAuthHandler {
  const { store, accessTokens } = parts;
  const describeAccessToken = async (
    text: string,
  ): Promise<Described | undefined> => {
    const token = await accessTokens.open(text);
    if (token === undefined) {
      return undefined;
    }
    const account = await findAccountOf(store, token);
    const { expires: exp, issued: iat, scope } = token;
    return account && describe(account, { exp, iat, scope });
  };
  const describeToken = async (
    text: string,
  ): Promise<Described | undefined> => {
    const token = await store.findToken(hashSecret(text));
    const { expirationDate = Infinity } = token ?? {};
    if (token === undefined || expirationDate <= store.now()) {
      return undefined;
    }
    const { id, name, orgId, accountId, creationDate } = token;
    const times = {
      iat: Math.floor(creationDate / 1000),
      ...(expirationDate !== Infinity && {
        exp: Math.floor(expirationDate / 1000),
      }),
    };
    if (accountId !== undefined) {
      const account = await findAccountOfToken(store, accountId);
      return account && describe(account, { ...times, scope: "" });
    }
    const own = { sub: id, client_id: id, username: name, scope: "" };
    return { orgId, claims: { ...own, ...times } };
  };
  return {
    path: "/oauth/v2/introspect",
    methods: ["POST"],
    maxBodyBytes: maxFormBytes,
    respond: (request) =>
      withOAuthErrors(async () => {
        const asked = await readTokenRequest(request, parts);
        const { client, token, issuer: iss } = asked;
        const found =
          (await describeAccessToken(token)) ?? (await describeToken(token));
        const isSeen =
          found !== undefined &&
          (found.orgId === client.orgId || callsEverywhere(client));
        return jsonResponse(
          isSeen
            ? {
                ...{ active: true, ...found.claims, iss, aud: [iss] },
                token_type: "Bearer",
              }
            : { active: false },
        );
      }),
  };
}

function describe(
  { id, loginName, orgId }: Account,
  token: {
    readonly exp?: number;
    readonly iat: number;
    readonly scope: string;
  },
): Described {
  return {
    orgId,
    claims: {
      ...{ sub: id, client_id: loginName, username: loginName },
      ...token,
    },
  };
}

function callsEverywhere({ roles }: Account): boolean {
  return roles.some((role) => isRole(role) && holdsEverywhere(role));
}
