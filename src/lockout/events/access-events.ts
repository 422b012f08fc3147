import type { EventPayload, NewEvent } from "./event.ts";

/** What of a token is recorded: never the secret, nor its hash. */
export interface RecordedToken {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  /** Milliseconds since 1970 UTC; undefined where it does not expire. */
  readonly expirationDate: number | undefined;
  /** The account that it is of, whose roles it has. */
  readonly accountId?: string | undefined;
}

/** The first start created the instance. */
export const instanceAdded: NewEvent = { type: "instance.added" };

/** A master key seals the keys of the installation from now on, or they were replaced. */
export function keysChanged(change: "sealed" | "reset"): NewEvent {
  return { type: `instance.lockout.keys.${change}` };
}

/** An organisation was created. */
export function orgAdded(name: string): NewEvent {
  return { type: "org.added", payload: { name } };
}

/** An organisation was removed, with all that was in it. */
export const orgRemoved: NewEvent = { type: "org.removed" };

/** A token was created. */
export function tokenAdded(token: RecordedToken): NewEvent {
  return { type: "user.pat.added", payload: tokenPayload(token) };
}

/** A token got another secret; the one before is valid until then. @param oldExpirationDate milliseconds since 1970 UTC */
export function tokenRotated(
  tokenId: string,
  oldExpirationDate: number,
): NewEvent {
  const oldSecretExpiration = new Date(oldExpirationDate).toISOString();
  return {
    type: "user.lockout.token.rotated",
    payload: { tokenId, oldSecretExpiration },
  };
}

/** A token was revoked. */
export function tokenRemoved(tokenId: string): NewEvent {
  return { type: "user.pat.removed", payload: { tokenId } };
}

/** What the event of a token says of it. */
export function tokenPayload({
  id,
  name,
  roles,
  expirationDate,
  accountId,
}: RecordedToken): EventPayload {
  return {
    tokenId: id,
    ...(name !== "" && { name }),
    ...(accountId === undefined && { roles }),
    ...(expirationDate !== undefined && {
      expiration: new Date(expirationDate).toISOString(),
    }),
  };
}
