import type { Database } from "better-sqlite3";
import { tokenAdded, tokenRemoved } from "../../lockout/access-events.ts";
import type { NewId } from "../ids.ts";
import { tokenColumns as columns, toToken } from "../shared/rows.ts";
import type { TokenRow } from "../shared/rows.ts";
import type { Clock } from "../ids.ts";
import type { NewToken, TokenRecord } from "../access.ts";
import { userAggregate } from "../commands/tables.ts";
import type { EventTable } from "../commands/tables.ts";
import { withFreeId } from "./free-id.ts";

/** The tokens. */
export interface Tokens {
  /** Inside a transaction. */
  create(token: NewToken, editor: string): TokenRecord;
  find(hash: Uint8Array): TokenRecord | undefined;
  /** Oldest first. */
  list(): readonly TokenRecord[];
  /** Says whether there was one. */
  remove(tokenId: string, editor: string): boolean;
}

/** Prepares the statements of {@link Tokens}. */
export function prepareTokens(
  database: Database,
  events: EventTable,
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
  const remove = database
    .prepare<[string], string>(
      "DELETE FROM tokens WHERE id = ? RETURNING org_id",
    )
    .pluck();
  return {
    create: ({ hash, ...token }, editor) => {
      const { name, orgId, roles, expirationDate } = token;
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
      const event = tokenAdded({ id, ...token });
      events.append(userAggregate(orgId, id), editor, event, creationDate);
      return { id, name, orgId, roles, creationDate, expirationDate };
    },
    find: (hash) => {
      const row = find.get(hash);
      return row && toToken(row);
    },
    list: () => list.all().map(toToken),
    remove: (tokenId, editor) => {
      const orgId = remove.get(tokenId);
      if (orgId === undefined) {
        return false;
      }
      const event = tokenRemoved(tokenId);
      events.append(userAggregate(orgId, tokenId), editor, event, now());
      return true;
    },
  };
}
