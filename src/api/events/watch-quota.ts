import { LockoutError } from "../../lockout/errors/errors.ts";

/** Counts the watches that are open. */
export interface WatchQuota {
  /**
   * Counts one more, and returns a function that ends it.
   *
   * @throws LockoutError `watchesTooMany` for the token's bound, `serverWatchesTooMany` for the server's
   */
  enter(tokenId: string): () => void;
}

/** How many watches may be open at once; 0 for any number. */
export interface WatchLimits {
  readonly maxWatchesPerToken: number;
  /** Of all tokens together. */
  readonly maxWatches: number;
}

/** Makes the counter of one server. */
export function createWatchQuota({
  maxWatchesPerToken,
  maxWatches,
}: WatchLimits): WatchQuota {
  const open = new Map<string, number>();
  let all = 0;
  return {
    enter: (tokenId) => {
      const count = open.get(tokenId) ?? 0;
      if (maxWatchesPerToken > 0 && count >= maxWatchesPerToken) {
        throw new LockoutError("watchesTooMany");
      }
      if (maxWatches > 0 && all >= maxWatches) {
        throw new LockoutError("serverWatchesTooMany");
      }
      open.set(tokenId, count + 1);
      all += 1;
      return () => {
        all -= 1;
        const left = (open.get(tokenId) ?? 0) - 1;
        if (left > 0) {
          open.set(tokenId, left);
        } else {
          open.delete(tokenId);
        }
      };
    },
  };
}
