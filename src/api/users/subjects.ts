import type {
  Client as ClientMessage,
  BeginAttemptRequest,
  GetLockoutRequest,
  ReportAttemptRequest,
  UnlockRequest,
} from "../../../gen/lockout/v1/attempt_service_pb.js";
import { firstWrittenAddress } from "../../addresses/written.ts";
import { foldName, formerlyFolded } from "../../lockout/user/alias.ts";
import type { Client } from "../../lockout/user/comparison.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { Subject } from "../../store/users.ts";
import { clientAddressCharacters } from "../requests/request-bounds.ts";

// How long texts may be was checked before: request-bounds.ts.

/** Checks that a user is named. @throws LockoutError */
export function requireUserId(userId: string): string {
  if (userId === "") {
    throw new LockoutError("userIdInvalid");
  }
  return userId;
}

/** Whose secret is guessed at. @throws LockoutError where the request names nobody */
export function readSubject(
  orgId: string,
  {
    subject,
  }: Pick<
    BeginAttemptRequest | ReportAttemptRequest | UnlockRequest,
    "subject"
  >,
): Subject {
  switch (subject.case) {
    case "userId":
      if (subject.value === "") {
        throw new LockoutError("subjectMissing");
      }
      return { kind: "user", orgId, userId: requireUserId(subject.value) };
    case "loginName": {
      const foldedName = foldName(subject.value);
      if (foldedName === "") {
        throw new LockoutError("subjectMissing");
      }
      const formerName = formerlyFolded(subject.value);
      return {
        kind: "name",
        orgId,
        foldedName,
        ...(formerName !== undefined && { formerName }),
      };
    }
    case undefined:
      throw new LockoutError("subjectMissing");
  }
}

/** Whose lockout is asked for. @throws LockoutError where the request names nobody, or two */
export function readLockoutSubject(
  orgId: string,
  { userId, loginName }: GetLockoutRequest,
): Subject {
  if (userId !== "" && loginName !== "") {
    throw new LockoutError("subjectMissing");
  }
  return readSubject(orgId, {
    subject:
      loginName === ""
        ? { case: "userId", value: userId }
        : { case: "loginName", value: loginName },
  });
}

/**
 * Who tries, as the caller says. It is recorded and nothing more, so nothing in it refuses a login: an address is taken out of what is
 * there, or left out. One address is one text, however it was written.
 */
export function readClient(client: ClientMessage | undefined): Client {
  if (client === undefined) {
    return {};
  }
  const { userAgent, device } = client;
  const address = firstWrittenAddress(wholeElements(client.address));
  return {
    ...(address !== undefined && { address }),
    ...(userAgent !== "" && {
      // Half a surrogate pair, which JSON can hold, would stop readers of the event.
      userAgent: userAgent.toWellFormed(),
    }),
    ...(device !== "" && { device: device.toWellFormed() }),
  };
}

/** What the device shows, where it shows anything. */
export function readDeviceToken(
  client: ClientMessage | undefined,
): string | undefined {
  return client === undefined || client.deviceToken === ""
    ? undefined
    : client.deviceToken;
}

/** The fewest bytes of a digest of a secret. */
const minDigestBytes = 16;

/** The caller's keyed hash of a secret, where there is one. @throws LockoutError where it is too short */
export function readSecretDigest(digest: Uint8Array): Uint8Array | undefined {
  if (digest.byteLength === 0) {
    return undefined;
  }
  if (digest.byteLength < minDigestBytes) {
    throw new LockoutError("secretDigestInvalid");
  }
  return digest;
}

/** A list of addresses that may have been cut, without the end that may be a part of another address. */
function wholeElements(list: string): string {
  return list.length < clientAddressCharacters
    ? list
    : list.slice(0, list.search(/[^\s,;]*$/));
}
