import type { Account } from "../lockout/account/account-record.ts";
import { readCredentials } from "./client-authentication.ts";
import { fieldOf, readForm } from "./form.ts";
import type { OAuthRequest } from "./handler.ts";
import { OAuthError } from "./oauth-error.ts";
import type { OAuthParts } from "./parts.ts";

/** What is asked about a token. */
export interface TokenRequest {
  /** Who asks. */
  readonly client: Account;
  /** Not empty. */
  readonly token: string;
  /** The issuer that the client knows. */
  readonly issuer: string;
}

/** Reads a request about a token, and authenticates the client. @throws OAuthError */
export async function readTokenRequest(
  request: OAuthRequest,
  { authenticateClient, issuer: issuers }: OAuthParts,
): Promise<TokenRequest> {
  const form = readForm(request);
  const issuer = issuers.of(request.host);
  const credentials = readCredentials(request, form);
  const client = await authenticateClient(credentials, request, issuer);
  const token = fieldOf(form, "token");
  if (token === undefined) {
    throw new OAuthError("invalid_request", "token is missing");
  }
  return { client, token, issuer };
}
