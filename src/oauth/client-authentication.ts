import { timingSafeEqual } from "node:crypto";
import { isActive } from "../lockout/account-record.ts";
import type { Account } from "../lockout/account-record.ts";
import { foldName } from "../lockout/alias.ts";
import { hashSecret } from "../auth/tokens.ts";
import type { AccountStore } from "../store/accounts.ts";
import type { Assertions } from "./assertion.ts";
import { fieldOf } from "./form.ts";
import type { Form } from "./form.ts";
import type { OAuthRequest } from "./handler.ts";
import { OAuthError } from "./oauth-error.ts";
import type { SecretGuard } from "./secret-guard.ts";

/** How a client shows who it is. */
export type ClientCredentials =
  | { readonly kind: "secret"; readonly id: string; readonly secret: string }
  | { readonly kind: "assertion"; readonly assertion: string }
  | undefined;

/** Finds the account of a client. @throws OAuthError `invalid_client`, always the same */
export type AuthenticateClient = (
  credentials: ClientCredentials,
  request: Pick<OAuthRequest, "clientNetwork">,
  issuer: string,
) => Promise<Account>;

/** Login names, and secrets, are not longer. */
const maxLength = 200;

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Compared with where there is nothing to compare with, so that it takes as long. */
const nobodysHash = new Uint8Array(32);

/** Reads how a client shows who it is. @throws OAuthError where it does so in two ways */
export function readCredentials(
  { authorization }: Pick<OAuthRequest, "authorization">,
  form: Form,
): ClientCredentials {
  const basic = authorization.flatMap((value) => {
    const encoded = /^basic +(\S+)$/i.exec(value)?.[1];
    return encoded === undefined ? [] : [readBasic(encoded)];
  });
  const secret = fieldOf(form, "client_secret");
  const assertion = fieldOf(form, "client_assertion");
  const ways: ClientCredentials[] = [
    ...basic,
    ...(secret === undefined
      ? []
      : [
          {
            kind: "secret",
            id: fieldOf(form, "client_id") ?? "",
            secret,
          } as const,
        ]),
    ...(assertion === undefined
      ? []
      : [{ kind: "assertion", assertion } as const]),
  ];
  if (ways.length > 1 || authorization.length > 1) {
    throw new OAuthError(
      "invalid_request",
      "the client shows who it is in more than one way",
    );
  }
  if (
    assertion !== undefined &&
    form.get("client_assertion_type") !== assertionType
  ) {
    throw new OAuthError(
      "invalid_request",
      `client_assertion_type is ${assertionType}`,
    );
  }
  return ways[0];
}

/** Makes {@link AuthenticateClient}. */
export function createClientAuthentication(
  store: Pick<AccountStore, "findAccountByName">,
  assertions: Assertions,
  guard: SecretGuard,
): AuthenticateClient {
  const bySecret = async (
    id: string,
    secret: string,
    network: string,
  ): Promise<Account | undefined> => {
    if (id.length > maxLength || secret.length > maxLength) {
      return undefined;
    }
    const folded = foldName(id);
    const account = await store.findAccountByName(folded);
    const hash = hashSecret(secret);
    const isRight = guard.check(
      account === undefined
        ? { id: toKey(folded), isKnown: false }
        : {
            ...{ id: account.id, isKnown: true },
            // A new one has the id of the one before.
            secretId:
              account.secret &&
              Buffer.from(account.secret.hash).toString("base64"),
          },
      network,
      () => {
        const isSame = timingSafeEqual(
          hash,
          account?.secret?.hash ?? nobodysHash,
        );
        return isSame && account?.secret !== undefined;
      },
    );
    return isRight && account !== undefined && isActive(account)
      ? account
      : undefined;
  };
  return async (credentials, { clientNetwork }, issuer) => {
    let account: Account | undefined;
    if (credentials?.kind === "secret") {
      const { id, secret } = credentials;
      account = await bySecret(id, secret, clientNetwork);
    } else if (credentials?.kind === "assertion") {
      const checked = await assertions.check(credentials.assertion, issuer);
      account = typeof checked === "string" ? undefined : checked.account;
    }
    if (account === undefined) {
      throw new OAuthError(
        "invalid_client",
        "the client is unknown, or its secret is wrong",
      );
    }
    return account;
  };
}

/** Raw, or percent-encoded as RFC 6749 has it: neither login names nor secrets have characters that would tell the two apart. */
function readBasic(encoded: string): ClientCredentials {
  const text = Buffer.from(encoded, "base64").toString();
  const colon = text.indexOf(":");
  const decode = (part: string) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  };
  return {
    kind: "secret",
    id: decode(colon < 0 ? text : text.slice(0, colon)),
    secret: colon < 0 ? "" : decode(text.slice(colon + 1)),
  };
}

/** Of an unknown client id, what is remembered: as many bytes of each. */
function toKey(folded: string): string {
  return Buffer.from(hashSecret(folded)).toString("base64url");
}
