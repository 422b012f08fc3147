import { constants, createPublicKey, verify } from "node:crypto";
import type { KeyObject, VerifyKeyObjectInput } from "node:crypto";
import { isActive } from "../lockout/account-record.ts";
import type {
  Account,
  AccountKey,
  KeyAlgorithm,
} from "../lockout/account-record.ts";
import type { AccountStore } from "../store/accounts.ts";
import { mayBeAccountId } from "../store/accounts.ts";
import type { Store } from "../store/store.ts";

/** Whom an assertion is of. */
export interface Asserted {
  readonly account: Account;
  readonly key: AccountKey;
}

/** Checks assertions: JWTs that an account has signed with one of its keys. */
export interface Assertions {
  /** Whom it is of. `unreadable` where it is no JWT, `wrong` where anything about it is. */
  readonly check: (
    assertion: string,
    issuer: string,
  ) => Promise<Asserted | "unreadable" | "wrong">;
}

/** No assertion is longer: with RSA of 4096 bits one has some 1,200 characters. */
const maxLength = 8192;

/** Of both clocks together, in seconds. */
const tolerance = 1;
const maxAge = 3600;

/** Keys that are read from their bytes: what a key id stands for never changes. */
const maxKeys = 1000;

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

/** Makes {@link Assertions}. The same assertion may come twice: Go's clients make two of a second alike. */
export function createAssertions(
  store: Pick<AccountStore, "findAccount" | "findAccountKey"> &
    Pick<Store, "now">,
): Assertions {
  const keys = new Map<string, KeyObject>();
  const keyObject = (account: Account, { id, publicKey }: AccountKey) => {
    const name = `${account.id} ${id}`;
    let key = keys.get(name);
    if (key === undefined) {
      if (keys.size >= maxKeys) {
        keys.clear();
      }
      key = createPublicKey({
        key: Buffer.from(publicKey),
        format: "der",
        type: "spki",
      });
      keys.set(name, key);
    }
    return key;
  };
  return {
    check: async (assertion, issuer) => {
      const read = assertion.length > maxLength ? null : parts.exec(assertion);
      const [, head = "", body = "", signature = ""] = read ?? [];
      const header = readJson(head);
      const claims = readJson(body);
      if (header === undefined || claims === undefined) {
        return "unreadable";
      }
      const algorithm = algorithms.get(header["alg"]);
      const { kid, crit } = header;
      const { iss, sub } = claims;
      if (
        algorithm === undefined ||
        crit !== undefined ||
        typeof kid !== "string" ||
        typeof iss !== "string" ||
        iss !== sub ||
        !mayBeAccountId(iss) ||
        !isFor(claims["aud"], issuer) ||
        !isTimely(claims, store.now() / 1000)
      ) {
        return "wrong";
      }
      const account = await store.findAccount(iss);
      if (account === undefined || !isActive(account)) {
        return "wrong";
      }
      const key = await store.findAccountKey(account.id, kid);
      if (
        key?.algorithm !== algorithm.of ||
        (key.expirationDate ?? Infinity) <= store.now()
      ) {
        return "wrong";
      }
      const isRight = verify(
        algorithm.hash,
        Buffer.from(`${head}.${body}`),
        { key: keyObject(account, key), ...algorithm.options },
        Buffer.from(signature, "base64url"),
      );
      return isRight ? { account, key } : "wrong";
    },
  };
}

function readJson(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(
      Buffer.from(part, "base64url").toString(),
    );
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function isFor(audience: unknown, issuer: string): boolean {
  return Array.isArray(audience)
    ? audience.includes(issuer)
    : audience === issuer;
}

function isTimely({ iat, exp }: Record<string, unknown>, now: number): boolean {
  return (
    typeof iat === "number" &&
    typeof exp === "number" &&
    iat <= now + tolerance &&
    iat >= now - maxAge - tolerance &&
    exp > now - tolerance
  );
}
