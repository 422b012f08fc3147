import { newAccessTokenId } from "../auth/access-tokens.ts";
import type { AccessToken } from "../auth/access-tokens.ts";
import type { Account } from "../lockout/account/account-record.ts";
import { fieldOf, maxFormBytes, readForm } from "./form.ts";
import type { Form } from "./form.ts";
import { withOAuthErrors, jsonResponse } from "./handler.ts";
import type { OAuthHandler, OAuthRequest } from "./handler.ts";
import { OAuthError } from "./oauth-error.ts";
import type { OAuthParts } from "./parts.ts";
import { readCredentials } from "./client-authentication.ts";
import { takeScopes } from "./scopes.ts";

/** By what a token is got. */
type Grant = Pick<AccessToken, "gotBy" | "gotById"> & {
  readonly account: Account;
  /** In milliseconds since 1970 UTC: no token outlives its key. */
  readonly end: number | undefined;
};

/** Finds who gets a token. @throws OAuthError */
type ReadGrant = (
  form: Form,
  request: OAuthRequest,
  issuer: string,
) => Promise<Grant>;

/** `POST /oauth/v2/token`: RFC 6749, §4.4, and RFC 7523. */
export function createTokenHandler({
  store,
  accessTokens,
  assertions,
  authenticateClient,
  issuer,
  accessTokenTtlMs,
}: OAuthParts): OAuthHandler {
  const byAssertion: ReadGrant = async (form, request, issuedBy) => {
    // RFC 7523, §3.1: a client need not show who it is, but what it shows must be right.
    const credentials = readCredentials(request, form);
    const assertion = fieldOf(form, "assertion");
    if (assertion === undefined) {
      throw new OAuthError("invalid_request", "assertion is missing");
    }
    if (credentials !== undefined) {
      await authenticateClient(credentials, request, issuedBy);
    }
    const found = await assertions.check(assertion, issuedBy);
    if (found === "unreadable") {
      throw new OAuthError("invalid_request", "the assertion is no JWT");
    }
    if (found === "wrong") {
      throw new OAuthError(
        "invalid_grant",
        `the assertion is not valid: alg, kid, iss, sub, aud (${issuedBy}), iat or exp is wrong, or its key or account is unknown or ended`,
      );
    }
    const { account, key } = found;
    return {
      ...{ account, gotBy: "key", gotById: key.id },
      end: key.expirationDate,
    };
  };
  const byCredentials: ReadGrant = async (form, request, issuedBy) => {
    const credentials = readCredentials(request, form);
    const account = await authenticateClient(
      credentials?.kind === "secret" ? credentials : undefined,
      request,
      issuedBy,
    );
    const gotById = account.secret?.id ?? "";
    return { account, gotBy: "secret", gotById, end: undefined };
  };
  const grants: ReadonlyMap<string, ReadGrant> = new Map([
    ["urn:ietf:params:oauth:grant-type:jwt-bearer", byAssertion],
    ["client_credentials", byCredentials],
  ]);
  return {
    path: "/oauth/v2/token",
    methods: ["POST"],
    maxBodyBytes: maxFormBytes,
    respond: (request) =>
      withOAuthErrors(async () => {
        const form = readForm(request);
        const type = fieldOf(form, "grant_type");
        if (type === undefined) {
          throw new OAuthError("invalid_request", "grant_type is missing");
        }
        const read = grants.get(type);
        if (read === undefined) {
          throw new OAuthError(
            "unsupported_grant_type",
            "grant_type is neither client_credentials nor jwt-bearer",
          );
        }
        const issuedBy = issuer.of(request.host);
        const {
          end = Infinity,
          account,
          ...gotBy
        } = await read(form, request, issuedBy);
        const now = store.now();
        const issued = Math.floor(now / 1000);
        const expires = Math.floor(
          Math.min(issued * 1000 + accessTokenTtlMs, end) / 1000,
        );
        const scope = takeScopes(fieldOf(form, "scope"));
        const id = newAccessTokenId();
        return jsonResponse({
          access_token: await accessTokens.issue(
            { id, accountId: account.id, ...gotBy, issued, expires, scope },
            account,
            issuedBy,
          ),
          token_type: "Bearer",
          expires_in: Math.max(Math.floor(expires - now / 1000), 0),
          ...(scope !== "" && { scope }),
        });
      }),
  };
}
