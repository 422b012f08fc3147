import type { Database } from "better-sqlite3";
import type { StoreFigures } from "../figures.ts";
import {
  hooksSql,
  lockedUsersSql,
  toFigures,
  tokensExpiringSql,
} from "../shared/figures.ts";
import type { LockedUsersRow } from "../shared/figures.ts";

/** Prepares the reading of numbers for metrics. */
export function prepareFigures(
  database: Database,
): (perOrg: boolean, now: number) => StoreFigures {
  const [all, byOrg] = [false, true].map((perOrg) =>
    database.prepare<[], LockedUsersRow>(lockedUsersSql(perOrg)),
  );
  const expiring = database.prepare<
    [{ readonly now: number }],
    Record<string, number>
  >(tokensExpiringSql("@now"));
  const hooks = database.prepare<[], Record<string, number>>(hooksSql);
  return (perOrg, now) =>
    toFigures(
      (perOrg ? byOrg : all)?.all() ?? [],
      expiring.get({ now }),
      hooks.get(),
    );
}
