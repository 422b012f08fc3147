import { createPublicKey } from "node:crypto";
import type { JsonWebKey } from "node:crypto";
import { algorithmOf } from "../auth/account-keys.ts";
import type { VerifyingKey } from "../auth/jwt.ts";
import { LockoutError } from "../lockout/errors/errors.ts";
import type { Awaitable } from "../store/awaitable.ts";
import { GetFailure } from "../outbound/get-json.ts";

/** A key of an issuer outside. */
export interface IssuerKey extends VerifyingKey {
  /** The one algorithm that it is for, where its issuer says so. */
  readonly alg: string | undefined;
}

/** The keys of an issuer outside. */
export interface IssuerKeys {
  /**
   * Finds a key by its id; one without an id where the issuer has one key alone. Undefined where the issuer has none, or none that is strong enough.
   *
   * @param token a short text that no other token has
   * @throws LockoutError where the issuer is away, or may not be asked again yet: whether it has the key, or still has it, is not known
   */
  readonly find: (
    kid: string | undefined,
    token: string,
  ) => Awaitable<IssuerKey | undefined>;
  /**
   * For a token that names no key, and that the issuer's one key has not signed: reads the keys again, as seldom as for an unknown id. Undefined where
   * the issuer has no other one.
   *
   * @param tried what {@link find} has found
   * @throws LockoutError as {@link find}
   */
  readonly findOther: (
    tried: IssuerKey | undefined,
    token: string,
  ) => Awaitable<IssuerKey | undefined>;
  /** Reads them before anybody asks. Never rejects. */
  readonly prepare: () => Promise<void>;
  /** Ends what runs. */
  readonly stop: () => void;
}

/** What is needed to read them. */
export interface IssuerKeysOptions {
  /** As tokens have it. */
  readonly issuer: string;
  /** Reads a document. @throws GetFailure */
  readonly getJson: (url: URL, signal: AbortSignal) => Promise<unknown>;
  /** Milliseconds of a clock that never goes back. */
  readonly stopwatch: () => number;
  /** Told why the keys cannot be read, once until that changes. */
  readonly onFailure: (reason: string) => void;
}

/** For so long keys are used after they were read, in milliseconds: a key that its issuer removes ends by then. */
const keptMs = 5 * 60_000;

/** From this age on they are read again while they are used. */
const renewMs = 4 * 60_000;

/**
 * So long after a try they are not read again, whatever for: any stranger can make key ids up. It is short, since nobody can tell such an id from that
 * of a new key, and whoever has a token by that waits for so long at most.
 */
const retryMs = 5000;

/**
 * So long a token is refused without being asked for again, once the issuer did not have its key: programs go on to send one whose key is gone. Tokens are
 * remembered, and not key ids: a stranger who knows the id of a key before it is there keeps nobody out by it.
 */
const refusedMs = 60_000;

/** So many are remembered; the oldest go first. */
const maxRefused = 1000;

/** More keys than any issuer has. */
const maxKeys = 1000;

interface KeySet {
  readonly byId: ReadonlyMap<unknown, JsonWebKey>;
  readonly readAt: number;
  /** Keys that were asked for, as Node has them. */
  readonly made: Map<unknown, IssuerKey | undefined>;
}

/** Makes {@link IssuerKeys}: they are read from where the discovery document says, and kept for some minutes. */
export function createIssuerKeys({
  issuer,
  getJson,
  stopwatch,
  onFailure,
}: IssuerKeysOptions): IssuerKeys {
  const ending = new AbortController();
  let set: KeySet | undefined;
  let triedAt = -Infinity;
  let failure: string | undefined;
  let running: Promise<void> | undefined;
  const read = async () => {
    triedAt = stopwatch();
    try {
      const byId = await readKeys(issuer, (url) => getJson(url, ending.signal));
      set = { byId, readAt: stopwatch(), made: new Map() };
      failure = undefined;
    } catch (error) {
      // Whatever it is: nobody may wait for this, and the process would end.
      const reason = error instanceof Error ? error.message : String(error);
      if (failure !== reason && !ending.signal.aborted) {
        onFailure(reason);
      }
      failure = reason;
    }
  };
  const readOnce = () =>
    (running ??= read().finally(() => {
      running = undefined;
    }));
  const away = () => new LockoutError("issuerUnavailable");
  const fresh = () =>
    set !== undefined && stopwatch() - set.readAt < keptMs ? set : undefined;
  /** When tokens were refused. */
  const refused = new Map<string, number>();
  const isRefused = (token: string) =>
    stopwatch() - (refused.get(token) ?? -Infinity) < refusedMs;
  const refuse = (token: string) => {
    const [oldest] = refused.keys();
    if (refused.size >= maxRefused && oldest !== undefined) {
      refused.delete(oldest);
    }
    refused.delete(token);
    refused.set(token, stopwatch());
  };
  /** @param isFound whether a set says what was asked for */
  const afterReading = async (
    kid: string | undefined,
    token: string,
    isFound: (found: KeySet) => boolean,
  ) => {
    // What began before may have read them before the key was there.
    const isSure = running === undefined;
    await readOnce();
    const found = fresh();
    if (found !== undefined && isFound(found)) {
      return findIn(found, kid);
    }
    // It may be new: whether it is, only the issuer knows.
    if (found === undefined || failure !== undefined || !isSure) {
      throw away();
    }
    refuse(token);
    return undefined;
  };
  const mayTry = () => stopwatch() - triedAt >= retryMs;
  const readFor = (
    kid: string | undefined,
    token: string,
    isFound: (found: KeySet) => boolean,
  ) => {
    if (fresh() !== undefined && isRefused(token)) {
      return undefined;
    }
    if (running === undefined && !mayTry()) {
      throw away();
    }
    return afterReading(kid, token, isFound);
  };
  return {
    find: (kid, token) => {
      const known = fresh();
      if (known !== undefined && isKnown(known, kid)) {
        if (mayTry() && stopwatch() - known.readAt >= renewMs) {
          void readOnce();
        }
        return findIn(known, kid);
      }
      return readFor(kid, token, (found) => isKnown(found, kid));
    },
    findOther: (tried, token) =>
      readFor(undefined, token, (found) => {
        const key = findIn(found, undefined);
        return key !== undefined && tried?.key.equals(key.key) !== true;
      }),
    prepare: () => readOnce(),
    stop: () => {
      ending.abort();
    },
  };
}

/** The keys of an issuer by their ids. @throws GetFailure */
async function readKeys(
  issuer: string,
  get: (url: URL) => Promise<unknown>,
): Promise<ReadonlyMap<unknown, JsonWebKey>> {
  const discovery = new URL(
    `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
  );
  const { issuer: named, jwks_uri: address } = toRecord(await get(discovery));
  if (named !== issuer) {
    throw new GetFailure(`${discovery.href} is of another issuer`);
  }
  const url = typeof address === "string" ? URL.parse(address) : null;
  if (url === null) {
    throw new GetFailure(`${discovery.href} has no jwks_uri`);
  }
  const { keys } = toRecord(await get(url));
  if (!Array.isArray(keys)) {
    throw new GetFailure(`${url.href} is no set of keys`);
  }
  if (keys.length > maxKeys) {
    throw new GetFailure(`${url.href} has more than ${maxKeys} keys`);
  }
  const byId = new Map<unknown, JsonWebKey>();
  for (const key of keys.map(toRecord)) {
    const { kid, use } = key;
    if ((use === undefined || use === "sig") && !byId.has(kid)) {
      byId.set(kid, key);
    }
  }
  return byId;
}

/** Whether a key is there, good or not. Where a token names none, it may be any. */
function isKnown({ byId }: KeySet, kid: string | undefined): boolean {
  return kid === undefined ? byId.size > 0 : byId.has(kid);
}

function findIn(
  { byId, made }: KeySet,
  kid: string | undefined,
): IssuerKey | undefined {
  const [only] = byId.size === 1 ? byId.keys() : [];
  const id = kid ?? only;
  const jwk = byId.get(id);
  if (jwk === undefined) {
    return undefined;
  }
  if (!made.has(id)) {
    made.set(id, toKey(jwk));
  }
  return made.get(id);
}

function toKey(jwk: JsonWebKey): IssuerKey | undefined {
  try {
    // What else a set has, such as a secret or a private key, is not a public key.
    const { kty, n, e, crv, x, y } = jwk;
    const key = createPublicKey({
      key: {
        kty,
        ...(kty === "RSA" ? { n, e } : { crv, x, ...(kty === "EC" && { y }) }),
      } as JsonWebKey,
      format: "jwk",
    });
    const algorithm = algorithmOf(key);
    const { alg } = jwk;
    return (
      algorithm && {
        ...{ algorithm, key },
        alg: typeof alg === "string" ? alg : undefined,
      }
    );
  } catch {
    return undefined;
  }
}

function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}
