import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/** How much work a guess is: about 100 ms and 32 MiB with these. */
export interface HashCost {
  /** A power of two. */
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

export const usualCost: HashCost = { n: 2 ** 15, r: 8, p: 3 };

const keyLength = 32;
const derive = promisify<
  string,
  Buffer,
  number,
  { N: number; r: number; p: number; maxmem: number },
  Buffer
>(scrypt);

/** Hashes a password: `scrypt$N$r$p$salt$key`. */
export async function hashPassword(
  password: string,
  cost: HashCost = usualCost,
): Promise<string> {
  const salt = randomBytes(16);
  const key = await deriveKey(password, salt, cost);
  const { n, r, p } = cost;
  return ["scrypt", n, r, p, ...[salt, key].map(toText)].join("$");
}

/** Compares a password with a hash out of `hashPassword`. Takes as long whether it is right or wrong. */
export async function verifyPassword(
  password: string,
  hash: string,
): Promise<boolean> {
  const [scheme, n, r, p, salt = "", expected = ""] = hash.split("$");
  if (scheme !== "scrypt") {
    throw new Error("not a hash out of hashPassword");
  }
  const cost = { n: Number(n), r: Number(r), p: Number(p) };
  const key = await deriveKey(password, Buffer.from(salt, "base64url"), cost);
  return timingSafeEqual(key, Buffer.from(expected, "base64url"));
}

function deriveKey(
  password: string,
  salt: Buffer,
  { n, r, p }: HashCost,
): Promise<Buffer> {
  // The same text typed on two systems may come in two Unicode forms.
  return derive(password.normalize("NFKC"), salt, keyLength, {
    N: n,
    r,
    p,
    maxmem: 256 * n * r,
  });
}

function toText(bytes: Buffer): string {
  return bytes.toString("base64url");
}
