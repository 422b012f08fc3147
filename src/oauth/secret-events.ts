import { secretChecked } from "../lockout/account/account-events.ts";
import { repeat } from "../pacing/repeat.ts";
import type { AccountStore } from "../store/accounts.ts";
import { StoreUnavailableError } from "../store/store.ts";
import type { SecretReports } from "./secret-guard.ts";

/** How often what was counted becomes events, in milliseconds. */
const everyMs = 3000;

/** So many accounts and networks wait to become events; of more, the events are not written. */
const maxWaiting = 10_000;

interface Waiting {
  readonly accountId: string;
  readonly address: string;
  wrong: number;
  isRight: boolean;
}

/** Writes how secrets of accounts were checked as events: one for each account and network, some seconds later, or once the store can be used again. */
export interface SecretEvents extends SecretReports {
  /** Writes what waits, and does so no more by itself. */
  readonly stop: () => Promise<void>;
}

/** Makes {@link SecretEvents}. */
export function startSecretEvents(
  store: Pick<AccountStore, "changeAccount">,
  onError: (error: unknown) => void,
): SecretEvents {
  let waiting = new Map<string, Waiting>();
  const of = (accountId: string, address: string): Waiting | undefined => {
    const key = `${accountId} ${address}`;
    let found = waiting.get(key);
    if (found === undefined && waiting.size < maxWaiting) {
      found = { accountId, address, wrong: 0, isRight: false };
      waiting.set(key, found);
    }
    return found;
  };
  const write = async () => {
    const due = waiting;
    waiting = new Map();
    for (const [key, { accountId, address, wrong, isRight }] of due) {
      try {
        await store.changeAccount(accountId, "SYSTEM", () => ({
          events: [
            ...(wrong > 0 ? [secretChecked("failed", address, wrong)] : []),
            ...(isRight ? [secretChecked("succeeded", address)] : []),
          ],
        }));
      } catch (error) {
        onError(error);
        if (error instanceof StoreUnavailableError) {
          break;
        }
      }
      due.delete(key);
    }
    // The store is away: what is left waits for the next time, with what came meanwhile.
    for (const { accountId, address, wrong, isRight } of due.values()) {
      const found = of(accountId, address);
      if (found !== undefined) {
        found.wrong += wrong;
        found.isRight ||= isRight;
      }
    }
  };
  const writing = repeat(everyMs, write, onError);
  return {
    onWrong: (accountId, network) => {
      const found = of(accountId, network);
      if (found !== undefined) {
        found.wrong += 1;
      }
    },
    onRight: (accountId, network) => {
      const found = of(accountId, network);
      if (found !== undefined) {
        found.isRight = true;
      }
    },
    stop: async () => {
      writing.stop();
      await write();
    },
  };
}
