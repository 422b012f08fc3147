import { settledSource } from "../../lockout/user/source.ts";
import { orgOfSource } from "./tables.ts";
import type { SourceKey, UserTables } from "./tables.ts";

/** How many sources of failures an installation keeps. */
export const maxSources = 100_000;

/** When there are too many, so many fewer are kept: a hundredth, so that room is made for some time. */
export const sourceSlack = maxSources / 100;

/** Removes sources whose failures have leaked away, and dates those anew that the clock, which was set back, has not reached yet. */
export function settleSources(
  { sources, policies }: Pick<UserTables, "sources" | "policies">,
  keys: readonly SourceKey[],
  time: number,
): void {
  for (const key of keys) {
    const { rules } = policies.policyFor(orgOfSource(key));
    const settled = settledSource(sources.find(key), rules, time);
    if (settled === undefined) {
      sources.remove(key);
    } else {
      sources.put(key, settled);
    }
  }
}
