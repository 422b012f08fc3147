import type { Database } from "better-sqlite3";
import type { NewId } from "../ids.ts";
import { tokenColumns as columns, toToken } from "../rows.ts";
import type { TokenRow } from "../rows.ts";
import type { Clock, NewToken, TokenRecord } from "../store.ts";
import { withFreeId } from "./free-id.ts";

export interface Tokens {
  /** Inside a transaction. */
  create(token: NewToken): TokenRecord;
  find(hash: Uint8Array): TokenRecord | undefined;
  /** Oldest first. */
  list(): readonly TokenRecord[];
  /** Says whether there was one. */
  remove(tokenId: string): boolean;
}

export function prepareTokens(
  database: Database,
  now: Clock,
  newId: NewId,
): Tokens {
  const insert = database.prepare<
    [string, Uint8Array, string, string, string, number, number | null]
  >(
    `INSERT INTO tokens (id, hash, name, org_id, roles, creation_date, expiration_date)
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  );
  const find = database.prepare<[Uint8Array], TokenRow>(
    `SELECT ${columns} FROM tokens WHERE hash = ?`,
  );
  const list = database.prepare<[], TokenRow>(
    `SELECT ${columns} FROM tokens ORDER BY creation_date, id`,
  );
  const remove = database.prepare<[string]>("DELETE FROM tokens WHERE id = ?");
  return {
    create: ({ hash, name, orgId, roles, expirationDate }) => {
      const creationDate = now();
      const id = withFreeId(newId, (candidate) =>
        insert.run(
          candidate,
          hash,
          name,
          orgId,
          JSON.stringify(roles),
          creationDate,
          expirationDate ?? null,
        ),
      );
      return { id, name, orgId, roles, creationDate, expirationDate };
    },
    find: (hash) => {
      const row = find.get(hash);
      return row && toToken(row);
    },
    list: () => list.all().map(toToken),
    remove: (tokenId) => remove.run(tokenId).changes > 0,
  };
}
