import { isUtf8 } from "node:buffer";
import { constants, sign, verify } from "node:crypto";
import type { KeyObject, VerifyKeyObjectInput } from "node:crypto";
import { promisify } from "node:util";
import type { KeyAlgorithm } from "../lockout/account/account-record.ts";

/** A JWT that was read, and not yet verified: whoever wrote it may have written anything. */
export interface Jwt {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What is signed. */
  readonly signed: string;
  /** Base64url. */
  readonly signature: string;
}

/** When a JWT is good, as it says; in seconds since 1970 UTC, once it was checked. */
export interface JwtTimes {
  readonly iat?: unknown;
  readonly nbf?: unknown;
  readonly exp?: unknown;
}

/** A public key, and by which algorithms it may have signed. */
export interface VerifyingKey {
  readonly algorithm: KeyAlgorithm;
  readonly key: KeyObject;
}

/** Longer ones are not looked at: one with RSA of 4096 bits and a thousand characters of scopes has some 3,000 characters. */
export const maxJwtLength = 8192;

/** Of both clocks together, in seconds. */
const tolerance = 1;

/** The end of the year 9999. */
const lastSecond = 253_402_300_799;

interface Algorithm {
  readonly of: KeyAlgorithm;
  readonly hash: string | null;
  readonly options: Partial<VerifyKeyObjectInput>;
}

/** By the names of the header. `none`, and HMAC with a public key as its secret, are not among them. */
const algorithms: ReadonlyMap<unknown, Algorithm> = new Map<unknown, Algorithm>(
  [
    ["RS256", { of: "RSA", hash: "sha256", options: {} }],
    [
      "PS256",
      {
        of: "RSA",
        hash: "sha256",
        options: {
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
        },
      },
    ],
    [
      "ES256",
      { of: "P-256", hash: "sha256", options: { dsaEncoding: "ieee-p1363" } },
    ],
    ["EdDSA", { of: "Ed25519", hash: null, options: {} }],
  ],
);

const parts = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)$/;

const signInThread = promisify(sign);

/** Reads a JWT. Undefined where it is none, or too long. */
export function readJwt(text: string): Jwt | undefined {
  const read = text.length > maxJwtLength ? null : parts.exec(text);
  const [, head = "", body = "", signature = ""] = read ?? [];
  const header = readJson(head);
  const claims = readJson(body);
  return header === undefined || claims === undefined
    ? undefined
    : { header, claims, signed: `${head}.${body}`, signature };
}

/** Whether a key has signed a JWT, by an algorithm that fits the key, and the header asks for nothing that is not known here. */
export function isSignedBy(
  { header, signed, signature }: Jwt,
  { algorithm: of, key }: VerifyingKey,
): boolean {
  const algorithm = algorithms.get(header["alg"]);
  const bytes = Buffer.from(signature, "base64url");
  return (
    algorithm?.of === of &&
    header["crit"] === undefined &&
    // Other last characters would be read as the same bytes.
    bytes.toString("base64url") === signature &&
    verify(
      algorithm.hash,
      Buffer.from(signed),
      { key, ...algorithm.options },
      bytes,
    )
  );
}

/** Makes a JWT, signed by RS256, outside of the event loop: that takes longer than all the rest of a request. */
export async function makeJwt(
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
  privateKey: KeyObject,
): Promise<string> {
  const signed = `${encode({ alg: "RS256", ...header })}.${encode(claims)}`;
  const signature = await signInThread(
    "sha256",
    Buffer.from(signed),
    privateKey,
  );
  return `${signed}.${signature.toString("base64url")}`;
}

/** Whether a JWT is for an audience. */
export function isFor(
  { aud }: Jwt["claims"],
  isAudience: (audience: unknown) => boolean,
): boolean {
  return Array.isArray(aud) ? aud.some(isAudience) : isAudience(aud);
}

/** When a JWT is good, and nothing else of it. */
export function timesOf({ iat, nbf, exp }: Jwt["claims"]): JwtTimes {
  return { iat, nbf, exp };
}

/** Whether a JWT is good at a time: `exp` must be there, and not have passed; `nbf` and `iat` may be missing. @param now in seconds since 1970 UTC */
export function isTimely({ iat, nbf, exp }: JwtTimes, now: number): boolean {
  const isPast = (time: unknown) =>
    time === undefined || (typeof time === "number" && time <= now + tolerance);
  return (
    typeof exp === "number" &&
    exp > now - tolerance &&
    isPast(iat) &&
    isPast(nbf)
  );
}

/** When a JWT ends, of which `exp` was checked, in milliseconds since 1970 UTC: no later than dates can be written. */
export function endOf({ exp }: Jwt["claims"]): number {
  return Math.min(Math.floor(Number(exp)), lastSecond) * 1000;
}

/** Whether a JWT was made not longer ago than that. @param now in seconds since 1970 UTC @param maxAge in seconds */
export function isYoung(
  { iat }: JwtTimes,
  now: number,
  maxAge: number,
): boolean {
  return typeof iat === "number" && iat >= now - maxAge - tolerance;
}

/** An escape of half a surrogate pair, or of half of a whole one. */
const surrogateEscape = /\\u[dD][89a-fA-F]/;

/** Bytes that are no UTF-8, and half surrogate pairs, are refused wherever they stand: two names could be read as one, and no event could hold them. */
function readJson(part: string): Record<string, unknown> | undefined {
  const bytes = Buffer.from(part, "base64url");
  if (!isUtf8(bytes)) {
    return undefined;
  }
  try {
    const text = bytes.toString();
    const value: unknown = JSON.parse(
      text,
      surrogateEscape.test(text) ? requireWellFormed : undefined,
    );
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** @throws SyntaxError where a name or a text has half a surrogate pair */
function requireWellFormed(name: string, value: unknown): unknown {
  const texts = typeof value === "string" ? [name, value] : [name];
  if (!texts.every((text) => text.isWellFormed())) {
    throw new SyntaxError("half a surrogate pair");
  }
  return value;
}

function encode(value: Readonly<Record<string, unknown>>): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
