import { findAccountOf } from "../auth/authenticate.ts";
import { grants, holdsEverywhere, isRole } from "../auth/roles.ts";
import { revokeAccessToken } from "../lockout/account/account.ts";
import type { Account } from "../lockout/account/account-record.ts";
import { hashSecret } from "../auth/tokens.ts";
import { maxFormBytes } from "./form.ts";
import { withOAuthErrors, jsonResponse } from "./handler.ts";
import type { OAuthHandler } from "./handler.ts";
import type { OAuthParts } from "./parts.ts";
import { readTokenRequest } from "./token-request.ts";

/** `POST /oauth/v2/revoke`: RFC 7009, of access tokens and personal ones. What is not the client's to revoke is left, with the same response. */
export function createRevocationHandler(parts: OAuthParts): OAuthHandler {
  const { store, accessTokens } = parts;
  const revokePersonalToken = async (text: string, client: Account) => {
    const token = await store.findToken(hashSecret(text));
    if (
      token !== undefined &&
      (token.accountId === client.id || mayRevoke(client))
    ) {
      await store.revokeToken(token.id, client.id);
    }
  };
  return {
    path: "/oauth/v2/revoke",
    methods: ["POST"],
    maxBodyBytes: maxFormBytes,
    respond: (request) =>
      withOAuthErrors(async () => {
        const asked = await readTokenRequest(request, parts);
        const { client } = asked;
        const token = await accessTokens.open(asked.token);
        if (token === undefined) {
          await revokePersonalToken(asked.token, client);
          return jsonResponse({});
        }
        const account = await findAccountOf(store, token);
        if (
          account !== undefined &&
          (account.id === client.id || mayRevoke(client))
        ) {
          await store.changeAccount(
            account.id,
            client.id,
            revokeAccessToken(token.id, token.expires * 1000),
          );
        }
        return jsonResponse({});
      }),
  };
}

function mayRevoke({ roles }: Account): boolean {
  return roles.some(
    (role) =>
      isRole(role) && holdsEverywhere(role) && grants(role, "iam.access.write"),
  );
}
