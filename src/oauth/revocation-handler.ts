import { findAccountOf } from "../auth/authenticate.ts";
import { grants, holdsEverywhere, isRole } from "../auth/roles.ts";
import { revokeAccessToken } from "../lockout/account.ts";
import type { Account } from "../lockout/account-record.ts";
import { readCredentials } from "./client-authentication.ts";
import { fieldOf, maxFormBytes, readForm } from "./form.ts";
import { withOAuthErrors, jsonResponse } from "./handler.ts";
import type { OAuthHandler } from "./handler.ts";
import { OAuthError } from "./oauth-error.ts";
import type { OAuthParts } from "./parts.ts";

/** `POST /oauth/v2/revoke`: RFC 7009. What is not the client's to revoke is left, with the same response. */
export function createRevocationHandler({
  store,
  accessTokens,
  authenticateClient,
  issuer,
}: OAuthParts): OAuthHandler {
  return {
    path: "/oauth/v2/revoke",
    methods: ["POST"],
    maxBodyBytes: maxFormBytes,
    respond: (request) =>
      withOAuthErrors(async () => {
        const form = readForm(request);
        const client = await authenticateClient(
          readCredentials(request, form),
          request,
          issuer.of(request.host),
        );
        const text = fieldOf(form, "token");
        if (text === undefined) {
          throw new OAuthError("invalid_request", "token is missing");
        }
        const token = accessTokens.open(text);
        const account = token && (await findAccountOf(store, token));
        if (
          token !== undefined &&
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
