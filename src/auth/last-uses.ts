import type { TokenRecord, TokenStore } from "../store/access.ts";

const hourMs = 3_600_000;

/** So many tokens are remembered whose use was noted: more are in use by nobody. */
const maxRemembered = 1000;

/**
 * Notes when tokens are used, to the hour: one write for each hour in which a token is used, of which nobody waits for the end. A use that
 * could not be noted is not noted again before the next hour, so that a database that cannot be written gets no more to do.
 */
export function createLastUses(
  store: Pick<TokenStore, "noteTokenUse">,
): (token: Pick<TokenRecord, "id" | "lastUseDate">, now: number) => void {
  const noted = new Map<string, number>();
  let hour = -Infinity;
  return ({ id, lastUseDate = -Infinity }, now) => {
    if (now < hour || now >= hour + hourMs) {
      hour = now - (now % hourMs);
    }
    if (lastUseDate >= hour || (noted.get(id) ?? -Infinity) >= hour) {
      return;
    }
    if (noted.size >= maxRemembered) {
      noted.clear();
    }
    noted.set(id, hour);
    store.noteTokenUse(id, hour).catch(() => undefined);
  };
}
