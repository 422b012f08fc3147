import { createPublicKey, generateKeyPair, randomInt } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { KeyAlgorithm } from "../lockout/account/account-record.ts";
import { createTurns } from "../pacing/turns.ts";
import type { Turn } from "../pacing/turns.ts";

/** A public key as it is stored. */
export interface PublicKey {
  readonly algorithm: KeyAlgorithm;
  /** DER, SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
}

/** A key with its private part, as PEM in PKCS#1, which every client reads. */
export interface KeyPair extends PublicKey {
  readonly privateKey: string;
}

const leastRsaBits = 2048;
const mostRsaBits = 4096;

/** Exponents from here on make the verification of a signature slow. */
const exponentLimit = 2n ** 32n;

/** Nothing that begins otherwise is a public key: Node would take the public part of a private one, which nobody should send. */
const pemStart = "-----BEGIN PUBLIC KEY-----";

const secretCharacters =
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const secretLength = 64;

const makeRsa = promisify(generateKeyPair);
// It takes a tenth of a second on one of the few threads that all else shares.
const inTurn = createTurns(1);

/** Reads a public key. @param pem of a length that was checked. Undefined where it is none, or of a kind that is not taken. */
export function readPublicKey(pem: Uint8Array): PublicKey | undefined {
  const text = Buffer.from(pem).toString("latin1").trim();
  if (!text.startsWith(pemStart)) {
    return undefined;
  }
  try {
    const key = createPublicKey({ key: text, format: "pem" });
    const algorithm = algorithmOf(key);
    return (
      algorithm && {
        algorithm,
        publicKey: key.export({ type: "spki", format: "der" }),
      }
    );
  } catch {
    return undefined;
  }
}

/**
 * Makes a key: RSA with 2048 bits, since .NET's client reads nothing else.
 *
 * @param check is called when it is this one's turn; what it throws refuses
 */
export async function makeKeyPair(
  turn?: Turn,
  check?: () => Promise<void>,
): Promise<KeyPair> {
  const { publicKey, privateKey } = await inTurn(async () => {
    await check?.();
    return makeRsa("rsa", {
      modulusLength: leastRsaBits,
      publicKeyEncoding: { type: "spki", format: "der" },
      privateKeyEncoding: { type: "pkcs1", format: "pem" },
    });
  }, turn);
  return { algorithm: "RSA", publicKey, privateKey };
}

/** The text of a key file, as ZITADEL writes it, which its clients read. @param key the private key, as PEM */
export function keyFile(
  type: "serviceaccount" | "application",
  accountId: string,
  keyId: string,
  key: string,
): string {
  return JSON.stringify(
    type === "application"
      ? { type, keyId, key, appId: accountId, clientId: accountId }
      : { type, keyId, key, userId: accountId },
  );
}

/** Makes the secret of an account: 381 random bits, of letters and digits, which need no escape in any encoding. */
export function makeAccountSecret(): string {
  return Array.from(
    { length: secretLength },
    () => secretCharacters[randomInt(secretCharacters.length)],
  ).join("");
}

/** By which algorithms a public key may sign; undefined where it is too weak, or of a kind that is not taken. */
export function algorithmOf(key: KeyObject): KeyAlgorithm | undefined {
  const {
    modulusLength = 0,
    publicExponent = exponentLimit,
    namedCurve,
  } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "rsa":
      return modulusLength >= leastRsaBits &&
        modulusLength <= mostRsaBits &&
        publicExponent > 1n &&
        publicExponent < exponentLimit
        ? "RSA"
        : undefined;
    case "ec":
      return namedCurve === "prime256v1" ? "P-256" : undefined;
    case "ed25519":
      return "Ed25519";
    default:
      return undefined;
  }
}
