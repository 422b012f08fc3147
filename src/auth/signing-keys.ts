import { createPrivateKey, createPublicKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { Vault } from "../sealing/vault.ts";
import { andThen } from "../store/awaitable.ts";
import type { Awaitable } from "../store/awaitable.ts";
import type { VaultStore } from "../store/vault.ts";
import { maxTokenTtlMs } from "./access-tokens.ts";
import { makeKeyPair } from "./account-keys.ts";

/** A key that signs access tokens. */
export interface SigningKey {
  /** By which tokens name it. */
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** When the last token that it signed has ended, in milliseconds since 1970 UTC. */
  readonly endDate: number;
}

/** The keys that sign access tokens: the same on every node. */
export interface SigningKeys {
  /** The one that signs now. Made, where there is none yet. */
  readonly current: () => Awaitable<SigningKey>;
  /** The one with an id, of those whose tokens may not have ended. */
  readonly find: (id: string) => Awaitable<SigningKey | undefined>;
  /** All whose tokens may not have ended, oldest first. */
  readonly list: () => Promise<readonly SigningKey[]>;
  /** Makes the current one, and the next one once that is due: whoever verifies has read it before it signs. */
  readonly prepare: () => Promise<void>;
}

const dayMs = 86_400_000;

/** For so long a key signs. */
const periodMs = 7 * dayMs;

/** So long before it signs, a key is made. */
const leadMs = dayMs;

/** Longer than a token is good, by a day for clocks that differ. */
const keptMs = maxTokenTtlMs + dayMs;

/** How old what was read may be where keys are listed, in milliseconds: anybody may ask for the list. */
const listAgeMs = 1000;

/**
 * Makes {@link SigningKeys}. Time has periods, each of which has one key: whichever node stores it first. Its id comes from the vault, so that no stranger
 * knows one that is not there, and none is left of a vault that was reset.
 *
 * @param now milliseconds since 1970 UTC
 */
export function createSigningKeys(
  store: Pick<VaultStore, "listSigningKeys" | "addSigningKey">,
  { seal, unseal, deriveKey }: Vault,
  now: () => number,
): SigningKeys {
  const known = new Map<string, SigningKey>();
  const ids = new Map<number, string>();
  let reading: Promise<void> | undefined;
  let readAt = -Infinity;
  const idOf = (period: number): string => {
    let id = ids.get(period);
    if (id === undefined) {
      id = Buffer.from(deriveKey(`id of the signing key ${period}`))
        .subarray(0, 12)
        .toString("base64url");
      ids.set(period, id);
    }
    return id;
  };
  const periodAt = (time: number) => Math.floor(time / periodMs);
  const read = async () => {
    const stored = await store.listSigningKeys();
    for (const { id, privateKey: sealed, endDate } of stored) {
      if (!known.has(id) && endDate > now()) {
        const key = unseal(purposeOf(id), sealed);
        // What another vault has sealed has ended.
        if (key !== undefined) {
          known.set(id, toSigningKey(id, Buffer.from(key), endDate));
        }
      }
    }
    for (const { id, endDate } of known.values()) {
      if (endDate <= now()) {
        known.delete(id);
      }
    }
    readAt = now();
  };
  const readOnce = () =>
    (reading ??= read().finally(() => {
      reading = undefined;
    }));
  const make = async (period: number): Promise<SigningKey> => {
    const id = idOf(period);
    await readOnce();
    if (!known.has(id)) {
      const { privateKey } = await makeKeyPair();
      const pkcs8 = createPrivateKey(privateKey).export({
        ...{ type: "pkcs8", format: "der" },
      });
      await store.addSigningKey({
        ...{ id, privateKey: seal(purposeOf(id), pkcs8) },
        endDate: (period + 1) * periodMs + keptMs,
      });
      // Another node may have been first.
      await read();
    }
    const key = known.get(id);
    if (key === undefined) {
      throw new Error("a signing key that was stored is missing");
    }
    return key;
  };
  const making = new Map<number, Promise<SigningKey>>();
  const keyOf = (period: number): Awaitable<SigningKey> => {
    const found = known.get(idOf(period));
    if (found !== undefined) {
      return found;
    }
    let made = making.get(period);
    if (made === undefined) {
      made = make(period).finally(() => making.delete(period));
      making.set(period, made);
    }
    return made;
  };
  return {
    current: () => keyOf(periodAt(now())),
    find: (id) => {
      const found = known.get(id);
      if (found !== undefined) {
        return found.endDate > now() ? found : undefined;
      }
      const latest = periodAt(now() + leadMs);
      const earliest = periodAt(now() - keptMs) - 1;
      for (let period = latest; period >= earliest; period -= 1) {
        if (idOf(period) === id) {
          return andThen(read(), () => known.get(id));
        }
      }
      return undefined;
    },
    list: async () => {
      if (now() - readAt >= listAgeMs) {
        await readOnce();
      }
      return [...known.values()]
        .filter(({ endDate }) => endDate > now())
        .toSorted((a, b) => a.endDate - b.endDate);
    },
    prepare: async () => {
      await keyOf(periodAt(now()));
      await keyOf(periodAt(now() + leadMs));
    },
  };
}

function purposeOf(id: string): string {
  return `signing key ${id}`;
}

function toSigningKey(id: string, pkcs8: Buffer, endDate: number): SigningKey {
  const privateKey = createPrivateKey({
    ...{ key: pkcs8, format: "der", type: "pkcs8" },
  });
  return { id, privateKey, publicKey: createPublicKey(privateKey), endDate };
}
