import { setTimeout as delay } from "node:timers/promises";
import type { HookStore } from "../store/hooks.ts";

/** The lease for sending, while it is held. */
export interface SendingLease {
  readonly holder: string;
  /** How far all hooks are that say no greater position; undefined before the first progress. */
  readonly position: number | undefined;
  /** Aborted when it is lost, or given back. */
  readonly signal: AbortSignal;
  /** Whether it is held now, for certain: this process may have been stopped for a while. */
  isHeld(): boolean;
  /** It is another's: found out by a write. */
  lose(): void;
}

/** How long a lease lasts that is not renewed, in milliseconds: so long sending stands still where a node dies. */
const leaseMs = 6000;
/** How often it is renewed, or asked for. */
const renewMs = 2000;

/**
 * Holds the lease for sending as long as it can be had, and does the work while it is held. Nothing is certain of a store that cannot be used: then
 * the lease ends by this process's own clock, which never jumps, before another can have it.
 *
 * @param holder a name that no other process has
 * @param work ends when the signal of the lease is aborted
 * @param stopped ends all of it
 */
export async function withLease(
  store: Pick<HookStore, "leaseSending" | "releaseSending">,
  holder: string,
  work: (lease: SendingLease) => Promise<void>,
  stopped: AbortSignal,
  onError: (error: unknown) => void,
): Promise<void> {
  const isStopped = () => stopped.aborted;
  while (!isStopped()) {
    try {
      const asked = performance.now();
      const leased = await store.leaseSending(holder, leaseMs);
      if (leased !== undefined) {
        const until = asked + leaseMs;
        await hold(store, { holder, ...leased, until }, work, stopped);
        continue;
      }
    } catch (error) {
      if (!isStopped()) {
        onError(error);
      }
    }
    await delay(renewMs, undefined, { signal: stopped, ref: false }).catch(
      () => undefined,
    );
  }
}

async function hold(
  store: Pick<HookStore, "leaseSending" | "releaseSending">,
  {
    holder,
    position,
    until,
  }: Pick<SendingLease, "holder" | "position"> & { readonly until: number },
  work: (lease: SendingLease) => Promise<void>,
  stopped: AbortSignal,
): Promise<void> {
  const ended = new AbortController();
  const end = () => {
    ended.abort();
  };
  // It may have been stopped while the lease was asked for.
  const signal = AbortSignal.any([stopped, ended.signal]);
  let heldUntil = until;
  const timer = setInterval(() => {
    const asked = performance.now();
    if (asked >= heldUntil) {
      end();
      return;
    }
    store.leaseSending(holder, leaseMs).then(
      (renewed) => {
        if (renewed === undefined) {
          end();
        } else {
          heldUntil = asked + leaseMs;
        }
      },
      // It lasts for a while.
      () => undefined,
    );
  }, renewMs).unref();
  try {
    await work({
      ...{ holder, position, signal, lose: end },
      isHeld: () => !signal.aborted && performance.now() < heldUntil,
    });
  } finally {
    clearInterval(timer);
    ended.abort();
    await store.releaseSending(holder).catch(() => undefined);
  }
}
