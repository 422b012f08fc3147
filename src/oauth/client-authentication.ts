import { timingSafeEqual } from "node:crypto";
import { isActive } from "../lockout/account/account-record.ts";
import type { Account } from "../lockout/account/account-record.ts";
import { foldName } from "../lockout/user/alias.ts";
import { hashSecret } from "../auth/tokens.ts";
import type { AccountStore } from "../store/accounts.ts";
import type { Assertions } from "./assertion.ts";
import { fieldOf } from "./form.ts";
import type { Form } from "./form.ts";
import type { OAuthRequest } from "./handler.ts";
import { OAuthError } from "./oauth-error.ts";
import type { SecretGuard } from "./secret-guard.ts";

/** A way in which a client shows who it is. */
type ShownCredentials =
  | { readonly kind: "secret"; readonly id: string; readonly secret: string }
  | {
      readonly kind: "assertion";
      readonly assertion: string;
      /** What the client says beside it. */
      readonly clientId: string | undefined;
    };

/** How a client shows who it is. */
export type ClientCredentials = ShownCredentials | undefined;

/** Finds the account of a client. @throws OAuthError `invalid_client`, always the same */
export type AuthenticateClient = (
  credentials: ClientCredentials,
  request: Pick<OAuthRequest, "clientNetwork">,
  issuer: string,
) => Promise<Account>;

/** Login names, and secrets, are not longer. */
const maxLength = 200;

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** What a store says of an account without a secret: no secret has this hash. */
const nobodysHash = new Uint8Array(32);

/** Reads how a client shows who it is. @throws OAuthError where it does so in two ways, or names another client beside it */
export function readCredentials(
  { authorization }: Pick<OAuthRequest, "authorization">,
  form: Form,
): ClientCredentials {
  const basic = authorization.flatMap((value) => {
    const encoded = /^basic(?: +(.*))?$/i.exec(value.trim());
    return encoded === null ? [] : [readBasic(encoded[1] ?? "")];
  });
  const clientId = fieldOf(form, "client_id");
  const secret = fieldOf(form, "client_secret");
  const assertion = fieldOf(form, "client_assertion");
  const ways: readonly ShownCredentials[] = [
    ...basic,
    ...(secret === undefined
      ? []
      : [{ kind: "secret", id: clientId ?? "", secret } as const]),
    ...(assertion === undefined
      ? []
      : [{ kind: "assertion", assertion, clientId } as const]),
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
  const [way] = ways;
  const isAnother =
    way?.kind === "secret" &&
    clientId !== undefined &&
    !isSameName(clientId, way.id);
  if (isAnother) {
    throw new OAuthError(
      "invalid_request",
      "client_id is another one than that of the Authorization header",
    );
  }
  return way;
}

/** Makes {@link AuthenticateClient}. */
export function createClientAuthentication(
  store: Pick<AccountStore, "findClient" | "findAccount">,
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
    const client = await store.findClient(folded);
    const hash = hashSecret(secret);
    const stored = client?.secretHash ?? nobodysHash;
    // Made of unknown clients and known ones, so that both take as long.
    const unknownId = toKey(folded);
    const isRight = guard.check(
      {
        ...{
          id: client?.accountId ?? unknownId,
          isKnown: client !== undefined,
        },
        // A new one has the id of the one before.
        secretId: Buffer.from(stored).toString("base64"),
      },
      network,
      () => timingSafeEqual(hash, stored),
    );
    if (!isRight || client === undefined) {
      return undefined;
    }
    const account = await store.findAccount(client.accountId);
    return account?.secret !== undefined && isActive(account)
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
      const { clientId } = credentials;
      account =
        typeof checked === "string" || !names(checked.account, clientId)
          ? undefined
          : checked.account;
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

/** Whether a client id that comes with an assertion is the account's (RFC 7521, §4.2). Python's client writes `None` where it has none. */
function names(
  { id, loginName }: Account,
  clientId: string | undefined = id,
): boolean {
  return (
    clientId === id || clientId === "None" || isSameName(clientId, loginName)
  );
}

function isSameName(one: string, other: string): boolean {
  return (
    one === other ||
    (one.length <= maxLength &&
      other.length <= maxLength &&
      foldName(one) === foldName(other))
  );
}

/** Raw, or percent-encoded as RFC 6749 has it: neither login names nor secrets have characters that would tell the two apart. */
function readBasic(encoded: string): ShownCredentials {
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
