import type { Database } from "better-sqlite3";
import {
  tokenAdded,
  tokenRemoved,
  tokenRotated,
} from "../../lockout/events/access-events.ts";
import type { NewId } from "../ids.ts";
import { isOfNoRemovedOrg } from "../shared/removed-orgs.ts";
import { tokenSliceSql } from "../shared/access-lists.ts";
import type { TokenSliceValues } from "../shared/access-lists.ts";
import {
  findListedTokenSql,
  keepRevokedTokensSql,
  noteTokenUseSql,
  toListedToken,
  tokenColumns as columns,
  tokenNameSql,
  toToken,
  toTokenOfOldSecret,
} from "../shared/token-rows.ts";
import type { ListedTokenRow, TokenRow } from "../shared/token-rows.ts";
import type { Clock } from "../ids.ts";
import type {
  ListedToken,
  NewSecret,
  NewToken,
  TokenRecord,
} from "../access.ts";
import type { Changed, RecordedEvent } from "../events.ts";
import { requireOrg, tokenAggregate } from "../commands/tables.ts";
import type { EventTable, OrgTable } from "../commands/tables.ts";
import { withFreeId } from "./free-id.ts";

/** The tokens. */
export interface Tokens {
  /** Inside a transaction. @param accountId of the account that it is of, whose roles it has */
  create(
    token: NewToken,
    editor: string,
    accountId?: string,
  ): Changed<TokenRecord>;
  find(hash: Uint8Array): TokenRecord | undefined;
  /** Of a revoked one too. */
  name(tokenId: string): string | undefined;
  /** Those of an account, oldest first. */
  listOf(accountId: string): readonly TokenRecord[];
  /** The next ones, oldest first. */
  list(values: TokenSliceValues): readonly ListedToken[];
  /** Inside a transaction. */
  rotate(
    tokenId: string,
    secret: NewSecret,
    editor: string,
    check: (token: TokenRecord) => void,
  ): ListedToken | undefined;
  noteUse(tokenId: string, hour: number): void;
  /** Inside a transaction. Returns the event; undefined where there was no token. */
  remove(tokenId: string, editor: string): RecordedEvent | undefined;
}

/** Prepares the statements of {@link Tokens}. */
export function prepareTokens(
  database: Database,
  events: EventTable,
  orgs: OrgTable,
  now: Clock,
  newId: NewId,
): Tokens {
  // The id of one that was revoked is not free: it stays among those.
  const insert = database.prepare<
    [
      ...[string, Uint8Array, string, string, string],
      ...[number, number | null, string | null, string],
    ]
  >(
    `INSERT INTO tokens (id, hash, name, org_id, roles, creation_date, expiration_date, account_id)
     SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM revoked_tokens WHERE id = ?)
     ON CONFLICT (id) DO NOTHING`,
  );
  const find = database.prepare<[Uint8Array], TokenRow>(
    `SELECT ${columns} FROM tokens WHERE hash = ? AND ${isOfNoRemovedOrg("org_id")}`,
  );
  const findOld = database.prepare<[Uint8Array], TokenRow>(
    `SELECT ${columns} FROM tokens WHERE old_hash = ? AND ${isOfNoRemovedOrg("org_id")}`,
  );
  const name = database
    .prepare<[{ readonly id: string }], string>(tokenNameSql("@id"))
    .pluck();
  const findListed = database.prepare<[string], ListedTokenRow>(
    findListedTokenSql("?"),
  );
  const listOf = database.prepare<[string], TokenRow>(
    `SELECT ${columns} FROM tokens WHERE account_id = ? ORDER BY id`,
  );
  const list = database.prepare<[TokenSliceValues], ListedTokenRow>(
    tokenSliceSql((name) => `@${name}`),
  );
  const rotate = database.prepare<[number, Uint8Array, string]>(
    "UPDATE tokens SET old_hash = hash, old_expiration_date = ?, hash = ? WHERE id = ?",
  );
  const noteUse = database.prepare<[number, string, number]>(
    noteTokenUseSql("?", "?", "?"),
  );
  const keepRevoked = database.prepare<[number, string]>(
    keepRevokedTokensSql("?", `id = ? AND ${isOfNoRemovedOrg("org_id")}`),
  );
  const remove = database.prepare<
    [string],
    Pick<TokenRow, "org_id" | "account_id">
  >(
    `DELETE FROM tokens WHERE id = ? AND ${isOfNoRemovedOrg("org_id")} RETURNING org_id, account_id`,
  );
  return {
    create: ({ hash, ...token }, editor, accountId) => {
      const { name, orgId, roles, expirationDate } = token;
      requireOrg(orgs, orgId);
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
          accountId ?? null,
          candidate,
        ),
      );
      const record = {
        ...{ ...token, id, creationDate },
        ...{ lastUseDate: undefined, accountId },
      };
      const event = events.append(
        ...([tokenAggregate(record), editor, tokenAdded(record)] as const),
        creationDate,
      );
      return { result: record, events: [event] };
    },
    name: (tokenId) => name.get({ id: tokenId }),
    find: (hash) => {
      const row = find.get(hash);
      if (row !== undefined) {
        return toToken(row);
      }
      const old = findOld.get(hash);
      return old && toTokenOfOldSecret(old);
    },
    listOf: (accountId) => listOf.all(accountId).map(toToken),
    list: (values) => list.all(values).map(toListedToken),
    rotate: (tokenId, { hash, oldExpirationDate }, editor, check) => {
      const row = findListed.get(tokenId);
      if (row === undefined) {
        return undefined;
      }
      const token = toToken(row);
      check(token);
      rotate.run(oldExpirationDate, hash, tokenId);
      events.append(
        tokenAggregate(token),
        editor,
        tokenRotated(tokenId, oldExpirationDate),
        now(),
      );
      return toListedToken({ ...row, old_expiration_date: oldExpirationDate });
    },
    noteUse: (tokenId, hour) => {
      noteUse.run(hour, tokenId, hour);
    },
    remove: (tokenId, editor) => {
      const time = now();
      keepRevoked.run(time, tokenId);
      const row = remove.get(tokenId);
      if (row === undefined) {
        return undefined;
      }
      const aggregate = tokenAggregate({
        ...{ id: tokenId, orgId: row.org_id },
        accountId: row.account_id ?? undefined,
      });
      return events.append(aggregate, editor, tokenRemoved(tokenId), time);
    },
  };
}
