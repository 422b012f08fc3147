/**
 * What removes an organisation, in the words of both engines. Nobody finds what is of one that was removed, so its rows are removed later, some
 * at a time.
 */
import { keepRevokedTokensSql } from "./token-rows.ts";

/** A statement whose values are `$1`, the organisation, and perhaps `$2`. */
export interface OrgStatement {
  /** Under which it is prepared. */
  readonly name: string;
  readonly text: string;
}

/** Finds an organisation, and whether it is the first one. */
export const findPresentOrg: OrgStatement = {
  name: "find_present_org",
  text: `SELECT o.id, CASE WHEN EXISTS (SELECT 1 FROM instance i WHERE i.first_org_id = o.id) THEN 1 ELSE 0 END AS is_first
    FROM orgs o WHERE o.id = $1 AND o.removal_date IS NULL`,
};

/** Dates the removal, `$2` in milliseconds since 1970: from then on nobody finds the organisation. */
export const dateRemoval: OrgStatement = {
  name: "date_org_removal",
  text: "UPDATE orgs SET removal_date = $2 WHERE id = $1",
};

/** What ends with it at once: a few rows, which are looked up without a look at the organisation. */
export const endOfOrg: readonly OrgStatement[] = [
  {
    name: "end_policy_of_org",
    text: "DELETE FROM policies WHERE owner_kind = 'org' AND resource_owner = $1",
  },
  {
    name: "end_rules_of_org",
    text: "DELETE FROM policy_rules WHERE owner_kind = 'org' AND resource_owner = $1",
  },
  {
    name: "end_storm_of_org",
    text: "DELETE FROM storms WHERE org_id = $1",
  },
  {
    name: "end_hooks_of_org",
    text: "UPDATE hooks SET disable_reason = 'administrator' WHERE org_id = $1 AND disable_reason IS NULL",
  },
];

/** Finds an organisation of which rows are left. */
export const findOrgToClear: OrgStatement = {
  name: "find_org_to_clear",
  text: "SELECT id FROM orgs WHERE removal_date IS NOT NULL AND is_cleared = 0 ORDER BY id LIMIT 1",
};

/** Removes rows of a table, `$2` at most. @param order of an index, so that no more rows are read */
function clear(
  table: string,
  key: string,
  where = "org_id = $1",
  order = key,
): OrgStatement {
  return {
    name: `clear_${table}_of_org`,
    text: `DELETE FROM ${table} WHERE (${key}) IN (${firstOf(table, key, where, order)})`,
  };
}

function firstOf(
  table: string,
  key: string,
  where: string,
  order = key,
): string {
  return `SELECT ${key} FROM ${table} WHERE ${where} ORDER BY ${order} LIMIT $2`;
}

const accounts = "account_id IN (SELECT id FROM accounts WHERE org_id = $1)";
const hookStream = "hook_id, aggregate_type, resource_owner, aggregate_id";
/** Their keys begin with the organisation. */
const sources =
  "key > CAST($1 AS TEXT) || ' ' AND key < CAST($1 AS TEXT) || '!'";
/** By the primary key, which begins with the unit. */
const activity = "unit IN ('minute', 'hour', 'day') AND org_id = $1";
const hooks = "hook_id IN (SELECT id FROM hooks WHERE org_id = $1)";

/**
 * Removes rows, `$2` at most: what nobody could call by first, and what others refer to last. Each step is done when its last statement
 * finds nothing. Users are a step of each engine's own.
 */
export const clearingSteps: readonly (readonly OrgStatement[])[] = [
  [
    {
      name: "keep_tokens_of_org",
      text: `${keepRevokedTokensSql(
        "(SELECT removal_date FROM orgs WHERE id = $1)",
        `id IN (${firstOf("tokens", "id", "org_id = $1")})`,
      )} ON CONFLICT (id) DO NOTHING`,
    },
    clear("tokens", "id"),
  ],
  [clear("revoked_access_tokens", "account_id, id", accounts)],
  [
    {
      name: "keep_accounts_of_org",
      text: `INSERT INTO removed_accounts (id, login_name)
        SELECT id, login_name FROM accounts WHERE id IN (${firstOf("accounts", "id", "org_id = $1")})
        ON CONFLICT (id) DO NOTHING`,
    },
    clear("accounts", "id"),
  ],
  [clear("hook_retries", hookStream, hooks)],
  [clear("hook_deliveries", "hook_id, id", hooks)],
  [clear("hooks", "id")],
  [clear("sources", "key", sources)],
  [clear("reports", "org_id, key")],
  [clear("noted_locks", "key", "org_id = $1", "lock_time, key")],
  [clear("activity", "unit, org_id, time", activity)],
];

/** The last ones: what is counted of users, and that nothing is left. */
export const endOfClearing: readonly OrgStatement[] = [
  {
    name: "clear_user_count_of_org",
    text: "DELETE FROM user_counts WHERE org_id = $1",
  },
  {
    name: "clear_locked_counts_of_org",
    text: "DELETE FROM locked_counts WHERE org_id = $1",
  },
  {
    name: "end_clearing_of_org",
    text: `UPDATE orgs SET is_cleared = 1 WHERE id = $1
      AND NOT EXISTS (SELECT 1 FROM subjects s WHERE s.org_id = orgs.id AND s.user_id IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM subjects s WHERE s.org_id = orgs.id AND s.name_hash IS NOT NULL)`,
  },
];
