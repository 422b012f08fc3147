import { tokenAdded, tokenRemoved } from "../../lockout/access-events.ts";
import type { NewToken, TokenRecord } from "../access.ts";
import { userAggregate } from "../commands/tables.ts";
import type { NewId } from "../ids.ts";
import { tokenColumns, toToken } from "../shared/rows.ts";
import type { TokenRow } from "../shared/rows.ts";
import type { PostgresDatabase } from "./database.ts";
import { withFreeId } from "./free-id.ts";
import { createLookups } from "./lookups.ts";
import type { Call, Statement } from "./pipeline.ts";
import type { Recorder } from "./recorder.ts";

/** The tokens. Each change is a transaction of its own. */
export interface Tokens {
  createToken(token: NewToken, editor: string): Promise<TokenRecord>;
  findToken(hash: Uint8Array): Promise<TokenRecord | undefined>;
  /** Oldest first. */
  listTokens(): Promise<readonly TokenRecord[]>;
  /** Says whether there was one. */
  revokeToken(tokenId: string, editor: string): Promise<boolean>;
}

const insert: Statement = {
  name: "insert_token",
  text: `INSERT INTO tokens (id, hash, name, org_id, roles, creation_date, expiration_date)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
};
const find: Statement = {
  name: "find_tokens",
  text: `SELECT ${tokenColumns}, hash FROM tokens WHERE hash = ANY ($1::bytea[])`,
};
const list: Statement = {
  name: "list_tokens",
  text: `SELECT ${tokenColumns} FROM tokens ORDER BY creation_date, id`,
};
const remove: Statement = {
  name: "remove_token",
  text: "DELETE FROM tokens WHERE id = $1 RETURNING org_id",
};

/** The statement that inserts a token; it inserts nothing where the id is taken. */
export function insertToken(
  id: string,
  { hash, name, orgId, roles, expirationDate }: NewToken,
  creationDate: number,
): Call {
  return [
    insert,
    ...[id, hash, name, orgId, JSON.stringify(roles)],
    ...[creationDate, expirationDate ?? null],
  ];
}

/** @param readTime the time at which something is created */
export function createTokens(
  database: PostgresDatabase,
  recorder: Recorder,
  newId: NewId,
  readTime: () => Promise<number>,
): Tokens {
  const lookUp = createLookups(async (hashes) => {
    const { rows } = await database.query(
      find,
      hashes.map((hash) => Buffer.from(hash, "base64")),
    );
    return new Map(
      rows.map((row) => [
        (row["hash"] as Buffer).toString("base64"),
        toToken(row as unknown as TokenRow),
      ]),
    );
  });
  return {
    createToken: async (token, editor) => {
      const creationDate = await readTime();
      const { name, orgId, roles, expirationDate } = token;
      return recorder.record(editor, creationDate, async (change) => {
        const id = await withFreeId(newId, change, (free) =>
          insertToken(free, token, creationDate),
        );
        change.append(
          userAggregate(orgId, id),
          tokenAdded({ id, name, roles, expirationDate }),
        );
        return { id, name, orgId, roles, creationDate, expirationDate };
      });
    },
    findToken: (hash) => lookUp(Buffer.from(hash).toString("base64")),
    listTokens: async () => {
      const { rows } = await database.query(list);
      return rows.map((row) => toToken(row as unknown as TokenRow));
    },
    revokeToken: async (tokenId, editor) => {
      const time = await readTime();
      return recorder.record(editor, time, async ({ send, append }) => {
        const [result] = await send([remove, tokenId]);
        const removed = result?.rows[0];
        if (removed === undefined) {
          return false;
        }
        const aggregate = userAggregate(removed["org_id"] as string, tokenId);
        append(aggregate, tokenRemoved(tokenId));
        return true;
      });
    },
  };
}
