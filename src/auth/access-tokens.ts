import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { Account } from "../lockout/account/account-record.ts";
import type { Awaitable } from "../store/awaitable.ts";
import { RememberedTokens } from "./remembered-tokens.ts";

/** What an access token says: all of it inside, so that nothing is stored when one is issued. */
export interface AccessToken {
  /** 24 characters that no other token has. */
  readonly id: string;
  readonly accountId: string;
  /** By what it was got: the token ends with it. */
  readonly gotBy: "key" | "secret";
  /** The id of that key or secret. */
  readonly gotById: string;
  /** In seconds since 1970 UTC. */
  readonly issued: number;
  /** The token is good before this time; in seconds since 1970 UTC. */
  readonly expires: number;
  /** The scopes that were taken, between blanks. */
  readonly scope: string;
}

/** Makes access tokens and reads them. */
export interface AccessTokens {
  /** @param issuer whom the client takes for the issuer */
  readonly issue: (
    token: AccessToken,
    account: Account,
    issuer: string,
  ) => Awaitable<string>;
  /** What a token says, expired or not; undefined where it is none of this installation's. */
  readonly open: (text: string) => Awaitable<AccessToken | undefined>;
}

/** Seals access tokens that nobody else can read, and opens them. */
export interface OpaqueAccessTokens {
  readonly seal: (token: AccessToken) => string;
  /** What a token says, expired or not; undefined where it is none of this installation's. */
  readonly open: (text: string) => AccessToken | undefined;
}

/** All access tokens begin so: other secrets need not be opened. */
const prefix = "lockoutd_at_";

/** Longer ones were never issued, and are not looked at. */
const maxLength = 4096;

const cipher = "aes-256-gcm";
const dayBytes = 4;
const nonceBytes = 12;
const tagBytes = 16;
const headBytes = dayBytes + nonceBytes;
const daySeconds = 86_400;

/** How long after its day a key opens tokens, in days: as long as the longest lifetime of one, and a day for clocks that differ. */
const keptDays = 32;

/** The longest lifetime of a token, in milliseconds. */
export const maxTokenTtlMs = (keptDays - 2) * daySeconds * 1000;

/**
 * Access tokens, sealed by a key that is new each day (UTC). All nodes derive the same, so none is stored, and no node restarts.
 *
 * @param keyOf the key of a purpose, 32 bytes
 * @param now milliseconds since 1970 UTC
 */
export function createOpaqueAccessTokens(
  keyOf: (purpose: string) => Uint8Array,
  now: () => number,
): OpaqueAccessTokens {
  const keys = new Map<number, Uint8Array>();
  const remembered = new RememberedTokens<AccessToken>();
  const keyOfDay = (day: number): Uint8Array => {
    let key = keys.get(day);
    if (key === undefined) {
      if (keys.size > 2 * keptDays) {
        keys.clear();
      }
      key = keyOf(`access tokens of day ${day}`);
      keys.set(day, key);
    }
    return key;
  };
  const today = () => Math.floor(now() / 1000 / daySeconds);
  const decrypt = (text: string): AccessToken | undefined => {
    const encoded = text.slice(prefix.length);
    const bytes = Buffer.from(encoded, "base64url");
    if (
      bytes.length < headBytes + tagBytes ||
      // Other last characters, and more of them, can be read as the same bytes.
      bytes.toString("base64url") !== encoded
    ) {
      return undefined;
    }
    const day = bytes.readUInt32BE(0);
    // Others' keys are not derived: a stranger could have any number made.
    if (day > today() + 1 || day < today() - keptDays) {
      return undefined;
    }
    const end = bytes.length - tagBytes;
    const opening = createDecipheriv(
      cipher,
      keyOfDay(day),
      bytes.subarray(dayBytes, headBytes),
    );
    opening.setAAD(bytes.subarray(0, dayBytes));
    opening.setAuthTag(bytes.subarray(end));
    try {
      const content = Buffer.concat([
        opening.update(bytes.subarray(headBytes, end)),
        opening.final(),
      ]);
      return unpack(JSON.parse(content.toString()) as Packed);
    } catch {
      return undefined;
    }
  };
  return {
    seal: (token) => {
      const day = Buffer.alloc(dayBytes);
      day.writeUInt32BE(today());
      const nonce = randomBytes(nonceBytes);
      const sealing = createCipheriv(cipher, keyOfDay(today()), nonce);
      sealing.setAAD(day);
      const sealed = Buffer.concat([
        ...[day, nonce, sealing.update(JSON.stringify(pack(token)))],
        ...[sealing.final(), sealing.getAuthTag()],
      ]);
      return `${prefix}${sealed.toString("base64url")}`;
    },
    open: (text) => {
      if (!text.startsWith(prefix) || text.length > maxLength) {
        return undefined;
      }
      const known = remembered.get(text);
      if (known !== undefined) {
        return known;
      }
      const token = decrypt(text);
      if (token !== undefined) {
        remembered.add(text, token);
      }
      return token;
    },
  };
}

/** Makes the id of an access token: 144 random bits. */
export function newAccessTokenId(): string {
  return randomBytes(18).toString("base64url");
}

/** What is sealed: the names of the fields would make each call longer. */
type Packed = readonly [
  string,
  string,
  AccessToken["gotBy"],
  string,
  number,
  number,
  string,
];

function pack(token: AccessToken): Packed {
  const { id, accountId, gotBy, gotById, issued, expires, scope } = token;
  return [id, accountId, gotBy, gotById, issued, expires - issued, scope];
}

function unpack([
  id,
  accountId,
  gotBy,
  gotById,
  issued,
  lifetime,
  scope,
]: Packed): AccessToken {
  const expires = issued + lifetime;
  return { id, accountId, gotBy, gotById, issued, expires, scope };
}
