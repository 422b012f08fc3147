import type { StoreFigures } from "../figures.ts";
import {
  hooksSql,
  lockedUsersSql,
  toFigures,
  tokensExpiringSql,
} from "../shared/figures.ts";
import type { LockedUsersRow } from "../shared/figures.ts";
import { unnamed } from "./database.ts";
import type { PostgresDatabase } from "./database.ts";

/** Reads numbers for metrics. */
export async function readFigures(
  database: PostgresDatabase,
  perOrg: boolean,
  now: number,
): Promise<StoreFigures> {
  const locked = await database.query(unnamed(lockedUsersSql(perOrg)));
  const expiring = await database.query(
    unnamed(tokensExpiringSql("$1::bigint")),
    Math.round(now),
  );
  const hooks = await database.query(unnamed(hooksSql));
  return toFigures(
    locked.rows as unknown as LockedUsersRow[],
    expiring.rows[0],
    hooks.rows[0],
  );
}
