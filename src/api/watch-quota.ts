import { LockoutError } from "../lockout/errors.ts";

/** Counts the watches that each token has open. */
export interface WatchQuota {
  /** Counts one more, and returns what ends it. Throws LockoutError `watchesTooMany`. */
  enter(tokenId: string): () => void;
}

/** @param max of one token; 0 for any number */
export function createWatchQuota(max: number): WatchQuota {
  const open = new Map<string, number>();
  return {
    enter: (tokenId) => {
      const count = open.get(tokenId) ?? 0;
      if (max > 0 && count >= max) throw new LockoutError("watchesTooMany");
      open.set(tokenId, count + 1);
      return () => {
        const left = (open.get(tokenId) ?? 0) - 1;
        if (left > 0) open.set(tokenId, left);
        else open.delete(tokenId);
      };
    },
  };
}
