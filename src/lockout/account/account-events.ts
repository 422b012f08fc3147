import type { Account, AccountKey } from "./account-record.ts";
import type { EventPayload, NewEvent } from "../events/event.ts";

/** What an account is created with. */
type AddedAccount = Pick<Account, "loginName" | "name" | "roles"> &
  Partial<Pick<Account, "description">>;

/** A service account was created. */
export function accountAdded(account: AddedAccount): NewEvent {
  return { type: "user.machine.added", payload: accountPayload(account) };
}

/** What the event of an account's creation says of it. */
export function accountPayload({
  loginName,
  name,
  description = "",
  roles,
}: AddedAccount): EventPayload {
  return {
    userName: loginName,
    ...(name !== "" && { name }),
    ...(description !== "" && { description }),
    roles,
  };
}

/** The name, the description or the roles of an account changed. */
export function accountChangedEvent(payload: EventPayload): NewEvent {
  return { type: "user.machine.changed", payload };
}

/** An account got another login name. */
export function accountRenamed(loginName: string): NewEvent {
  return { type: "user.username.changed", payload: { userName: loginName } };
}

/** An account got a key. */
export function accountKeyAdded({
  id,
  algorithm,
  expirationDate,
}: AccountKey): NewEvent {
  return {
    type: "user.machine.key.added",
    payload: {
      keyId: id,
      algorithm,
      ...(expirationDate !== undefined && {
        expirationDate: new Date(expirationDate).toISOString(),
      }),
    },
  };
}

/** A key was taken from an account. */
export function accountKeyRemoved(keyId: string): NewEvent {
  return { type: "user.machine.key.removed", payload: { keyId } };
}

/** An account got a secret. */
export const accountSecretSet: NewEvent = { type: "user.machine.secret.set" };

/** The secret was taken from an account. */
export const accountSecretRemoved: NewEvent = {
  type: "user.machine.secret.removed",
};

/** An access token of an account was revoked. */
export function accessTokenRevoked(tokenId: string): NewEvent {
  return { type: "user.token.removed", payload: { tokenId } };
}

/**
 * Secrets of an account were compared.
 *
 * @param address from where: an IPv4 address, or a /64 network of IPv6
 * @param failedAttempts how many were wrong
 */
export function secretChecked(
  outcome: "failed" | "succeeded",
  address: string,
  failedAttempts?: number,
): NewEvent {
  return {
    type: `user.machine.secret.check.${outcome}`,
    payload: {
      address,
      ...(failedAttempts !== undefined && { failedAttempts }),
    },
  };
}
