import { findAccountOf } from "../auth/authenticate.ts";
import type { Account } from "../lockout/account-record.ts";
import { holdsEverywhere, isRole } from "../auth/roles.ts";
import { hashSecret } from "../auth/tokens.ts";
import { readCredentials } from "./client-authentication.ts";
import { fieldOf, maxFormBytes, readForm } from "./form.ts";
import { withOAuthErrors, jsonResponse } from "./handler.ts";
import type { OAuthHandler } from "./handler.ts";
import { OAuthError } from "./oauth-error.ts";
import type { OAuthParts } from "./parts.ts";

/** What is said of a token that is good. Times are in seconds since 1970 UTC. */
interface Described {
  readonly orgId: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** `POST /oauth/v2/introspect`: RFC 7662. Of tokens that are unknown, or have ended, no more is said than that. */
export function createIntrospectionHandler({
  store,
  accessTokens,
  authenticateClient,
  issuer,
}: OAuthParts): OAuthHandler {
  const describeAccessToken = async (
    text: string,
  ): Promise<Described | undefined> => {
    const token = accessTokens.open(text);
    const account = token && (await findAccountOf(store, token));
    return token && account === undefined
      ? undefined
      : token && account && describe(account, token);
  };
  const describeToken = async (
    text: string,
  ): Promise<Described | undefined> => {
    const token = await store.findToken(hashSecret(text));
    const { expirationDate = Infinity } = token ?? {};
    if (token === undefined || expirationDate <= store.now()) {
      return undefined;
    }
    const { id, name, orgId, creationDate } = token;
    return {
      orgId,
      claims: {
        ...{ sub: id, client_id: id, username: name, scope: "" },
        iat: Math.floor(creationDate / 1000),
        ...(expirationDate !== Infinity && {
          exp: Math.floor(expirationDate / 1000),
        }),
      },
    };
  };
  return {
    path: "/oauth/v2/introspect",
    methods: ["POST"],
    maxBodyBytes: maxFormBytes,
    respond: (request) =>
      withOAuthErrors(async () => {
        const form = readForm(request);
        const iss = issuer.of(request.host);
        const client = await authenticateClient(
          readCredentials(request, form),
          request,
          iss,
        );
        const text = fieldOf(form, "token");
        if (text === undefined) {
          throw new OAuthError("invalid_request", "token is missing");
        }
        const found =
          (await describeAccessToken(text)) ?? (await describeToken(text));
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
    readonly expires: number;
    readonly issued: number;
    readonly scope: string;
  },
): Described {
  return {
    orgId,
    claims: {
      ...{ sub: id, client_id: loginName, username: loginName },
      ...{ exp: token.expires, iat: token.issued, scope: token.scope },
    },
  };
}

function callsEverywhere({ roles }: Account): boolean {
  return roles.some((role) => isRole(role) && holdsEverywhere(role));
}
