import {
  tokenAdded,
  tokenRemoved,
  tokenRotated,
} from "../../lockout/events/access-events.ts";
import { newTokenOf } from "../access.ts";
import type { NewToken, TokenRecord, TokenStore } from "../access.ts";
import type { Changed } from "../events.ts";
import { tokenAggregate } from "../commands/tables.ts";
import type { NewId } from "../ids.ts";
import { readTokenPage } from "../commands/access-pages.ts";
import { sliceStart, tokenSliceSql, toSlice } from "../shared/access-lists.ts";
import { isOfNoRemovedOrg } from "../shared/removed-orgs.ts";
import type { TokenSliceValues } from "../shared/access-lists.ts";
import {
  findListedTokenSql,
  keepRevokedTokensSql,
  noteTokenUseSql,
  toListedToken,
  tokenColumns,
  tokenNameSql,
  toToken,
  toTokenOfOldSecret,
} from "../shared/token-rows.ts";
import type { ListedTokenRow, TokenRow } from "../shared/token-rows.ts";
import { lockAndFindAccount } from "./accounts.ts";
import type { PostgresDatabase } from "./database.ts";
import { withFreeId } from "./free-id.ts";
import { createLookups } from "./lookups.ts";
import type { Call, Statement } from "./pipeline.ts";
import { requirePresentOrg } from "./present-orgs.ts";
import type { Change, Recorder } from "./recorder.ts";

// The id of one that was revoked is not free: it stays among those.
const insert: Statement = {
  name: "insert_token",
  text: `INSERT INTO tokens (id, hash, name, org_id, roles, creation_date, expiration_date, account_id)
    SELECT $1, $2::bytea, $3, $4, $5, $6::bigint, $7::bigint, $8 WHERE NOT EXISTS (SELECT 1 FROM revoked_tokens WHERE id = $1)
    ON CONFLICT (id) DO NOTHING`,
};
const find: Statement = {
  name: "find_tokens",
  text: `SELECT ${tokenColumns}, hash, false AS is_old FROM tokens WHERE hash = ANY ($1::bytea[]) AND ${isOfNoRemovedOrg("org_id")}
    UNION ALL SELECT ${tokenColumns}, old_hash, true FROM tokens WHERE old_hash = ANY ($1::bytea[]) AND ${isOfNoRemovedOrg("org_id")}`,
};
const sliceValues = ["afterDate", "afterId", "limit", "showRevoked"] as const;
const list: Statement = {
  name: "list_tokens",
  text: tokenSliceSql((name) => `$${sliceValues.indexOf(name) + 1}`),
};
const listOf: Statement = {
  name: "list_tokens_of_account",
  text: `SELECT ${tokenColumns} FROM tokens WHERE account_id = $1 ORDER BY id`,
};
const findName: Statement = {
  name: "find_token_name",
  text: tokenNameSql("$1"),
};
const findListed: Statement = {
  name: "find_listed_token",
  text: findListedTokenSql("$1"),
};
const rotate: Statement = {
  name: "rotate_token",
  text: "UPDATE tokens SET old_hash = hash, old_expiration_date = $1, hash = $2 WHERE id = $3",
};
const noteUse: Statement = {
  name: "note_token_use",
  text: noteTokenUseSql("$1::bigint", "$2", "$1::bigint"),
};
const keepRevoked: Statement = {
  name: "keep_revoked_token",
  text: keepRevokedTokensSql(
    "$1::bigint",
    `id = $2 AND ${isOfNoRemovedOrg("org_id")}`,
  ),
};
const remove: Statement = {
  name: "remove_token",
  text: `DELETE FROM tokens WHERE id = $1 AND ${isOfNoRemovedOrg("org_id")} RETURNING org_id, account_id`,
};

/** The statement that inserts a token; it inserts nothing where the id is taken. */
export function insertToken(
  id: string,
  { hash, name, orgId, roles, expirationDate }: NewToken,
  creationDate: number,
  accountId?: string,
): Call {
  return [
    insert,
    ...[id, hash, name, orgId, JSON.stringify(roles)],
    ...[creationDate, expirationDate ?? null, accountId ?? null],
  ];
}

/**
 * The tokens. Each change is a transaction of its own.
 *
 * @param readTime the time at which something is created
 */
export function createTokens(
  database: PostgresDatabase,
  recorder: Recorder,
  newId: NewId,
  readTime: () => Promise<number>,
): TokenStore {
  const lookUp = createLookups(async (hashes) => {
    const { rows } = await database.query(
      find,
      hashes.map((hash) => Buffer.from(hash, "base64")),
    );
    return new Map(
      rows.map((row) => [
        (row["hash"] as Buffer).toString("base64"),
        (row["is_old"] === true ? toTokenOfOldSecret : toToken)(
          row as unknown as TokenRow,
        ),
      ]),
    );
  });
  const create = async (
    { hash, ...token }: NewToken,
    creationDate: number,
    change: Change,
    accountId?: string,
  ): Promise<Changed<TokenRecord>> => {
    const id = await withFreeId(newId, change, (free) =>
      insertToken(free, { hash, ...token }, creationDate, accountId),
    );
    const record = {
      ...{ ...token, id, creationDate },
      ...{ lastUseDate: undefined, accountId },
    };
    const event = change.append(tokenAggregate(record), tokenAdded(record));
    return { result: record, events: [event] };
  };
  return {
    createToken: async (token, editor) => {
      const time = await readTime();
      const { result } = await recorder.record(editor, time, async (change) => {
        await requirePresentOrg(change, token.orgId);
        return create(token, time, change);
      });
      return result;
    },
    createAccountToken: async (accountId, token, editor, check) => {
      const time = await readTime();
      return recorder.record(editor, time, async (change) => {
        const account = await lockAndFindAccount(accountId, change.send);
        if (account === undefined) {
          return undefined;
        }
        check(account);
        return create(newTokenOf(account, token), time, change, accountId);
      });
    },
    listAccountTokens: async (accountId) => {
      const { rows } = await database.query(listOf, accountId);
      return rows.map((row) => toToken(row as unknown as TokenRow));
    },
    findToken: (hash) => lookUp(Buffer.from(hash).toString("base64")),
    tokenName: async (tokenId) => {
      const { rows } = await database.query(findName, tokenId);
      return rows[0]?.["name"] as string | undefined;
    },
    listTokens: (showRevoked, page) =>
      readTokenPage(page, async (after, limit) => {
        const asked: TokenSliceValues = {
          ...sliceStart(after, limit),
          showRevoked: showRevoked ? 1 : 0,
        };
        const { rows } = await database.query(
          list,
          ...sliceValues.map((name) => asked[name]),
        );
        const tokens = rows.map((row) =>
          toListedToken(row as unknown as ListedTokenRow),
        );
        return toSlice(tokens, limit);
      }),
    rotateToken: async (
      tokenId,
      { hash, oldExpirationDate },
      editor,
      check,
    ) => {
      const time = await readTime();
      return recorder.record(editor, time, async ({ send, append }) => {
        const [found] = await send([findListed, tokenId]);
        const row = found?.rows[0] as unknown as ListedTokenRow | undefined;
        if (row === undefined) {
          return undefined;
        }
        const token = toToken(row);
        check(token);
        await send([rotate, oldExpirationDate, hash, tokenId]);
        append(tokenAggregate(token), tokenRotated(tokenId, oldExpirationDate));
        return toListedToken({
          ...row,
          old_expiration_date: oldExpirationDate,
        });
      });
    },
    noteTokenUse: async (tokenId, hour) => {
      await database.query(noteUse, hour, tokenId);
    },
    revokeToken: async (tokenId, editor) => {
      const time = await readTime();
      return recorder.record(editor, time, async ({ send, append }) => {
        const [, result] = await send(
          [keepRevoked, time, tokenId],
          [remove, tokenId],
        );
        const removed = result?.rows[0] as unknown as TokenRow | undefined;
        if (removed === undefined) {
          return undefined;
        }
        const aggregate = tokenAggregate({
          ...{ id: tokenId, orgId: removed.org_id },
          accountId: removed.account_id ?? undefined,
        });
        return append(aggregate, tokenRemoved(tokenId));
      });
    },
  };
}
