import { foldedAnew } from "./alias-folding.ts";
import type { StoredAlias } from "./alias-folding.ts";
import type { EventPayload } from "../../lockout/events/event.ts";
import { usedOf } from "../../lockout/user/devices.ts";
import type { Devices } from "../../lockout/user/devices.ts";
import { factors } from "../../lockout/user/factor.ts";
import type { Factor } from "../../lockout/user/factor.ts";
import type { Account } from "../../lockout/account/account-record.ts";
import { ownAccountColumns, toAccount } from "./account-rows.ts";
import type { AccountRow } from "./account-rows.ts";
import { StormCheck } from "./check-storms.ts";
import { HookCheck } from "./check-hooks.ts";
import type { CheckedHook } from "./check-hooks.ts";
import { checkActivity, wrongIntervalsSql } from "./check-activity.ts";
import type { WrongInterval } from "./check-activity.ts";
import { AccessCheck } from "./check-access.ts";
import type { CheckedOrg } from "./check-access.ts";
import { RemovedOrgCheck } from "./check-removed-orgs.ts";
import { PolicyCheck } from "./check-policies.ts";
import type { PolicyState, RulesState } from "./check-policies.ts";
import { UserCheck } from "./check-users.ts";
import type { Failures, UserRow } from "./check-users.ts";
import type { Problems } from "./problems.ts";
import { tokenColumns } from "./token-rows.ts";
import { isOfNoRemovedOrg } from "./removed-orgs.ts";
import type { EventRow } from "./rows.ts";
import type { TokenRow } from "./token-rows.ts";
import type { CheckReport } from "../store.ts";
import { copyStateSql, describeCopyState } from "./transfer.ts";
import type { CopyState } from "./transfer.ts";

/** What an event says that is checked. */
export type CheckedEvent = Pick<
  EventRow,
  | "position"
  | "aggregate_type"
  | "aggregate_id"
  | "resource_owner"
  | "sequence"
  | "type"
  | "creation_micros"
  | "payload"
>;

/** A database at one moment, on any engine. */
export interface CheckSource {
  /** The rows of a query. */
  rows<Row>(sql: string): readonly Row[] | Promise<readonly Row[]>;
  /** All events, in the order of their positions. */
  events(): Iterable<CheckedEvent> | AsyncIterable<CheckedEvent>;
}

/** The columns of {@link CheckedEvent}. */
export const checkedEventColumns =
  "position, aggregate_type, aggregate_id, resource_owner, sequence, type, creation_micros, payload";

/**
 * Holds the present state against what the events come to: that the sequences of each aggregate have no gap, that each event is dated later than
 * the one before it, and that organisations,
 * tokens, hooks, policies and users are what the events say; that the open attempts are as many as are counted; and that
 * the figures of activity of all organisations are no smaller than those of each together.
 */
export async function checkState(
  source: CheckSource,
  problems: Problems,
): Promise<CheckReport> {
  // Whatever else is right: it is not known to be like its source.
  for (const { state } of await source.rows<{ readonly state: CopyState }>(
    copyStateSql,
  )) {
    problems.report(`the database ${describeCopyState(state)}`);
  }
  const instances = await source.rows<{ readonly id: string }>(
    "SELECT id FROM instance",
  );
  // What is empty, or copied in part, contradicts nothing, and is no installation all the same.
  if (instances.length === 0) {
    problems.report(
      "there is no instance: the database is empty, or a copy that was broken off",
    );
  }
  const userRows = await source.rows<UserRow>(
    `SELECT key, org_id, user_id, since_position, recorded, account, lock_time, factor_locks, devices
     FROM subjects WHERE user_id IS NOT NULL AND ${isOfNoRemovedOrg("org_id")}`,
  );
  const policies = new PolicyCheck(problems);
  const users = new UserCheck(problems, userRows, (orgId) =>
    policies.hadWindow(orgId),
  );
  const access = new AccessCheck(problems);
  const hooks = new HookCheck(problems);
  const storms = new StormCheck(problems);
  const removedOrgs = new RemovedOrgCheck(problems);
  const [pruned] = await source.rows<{ readonly before_micros: number }>(
    "SELECT before_micros FROM pruning",
  );
  const sequences = new Sequences(problems, pruned?.before_micros ?? 0);
  const instance = instances[0]?.id;
  const others = new Set<string>();
  let events = 0;
  let lastDate = 0;
  for await (const event of source.events()) {
    events += 1;
    const afterPruned = sequences.add(event);
    const { creation_micros: date } = event;
    if (date <= lastDate) {
      problems.report(
        `event ${event.position} is dated ${date}, not later than the one before it (microseconds since 1970)`,
      );
    }
    lastDate = date;
    const payload =
      event.payload === null ? {} : (JSON.parse(event.payload) as EventPayload);
    const { aggregate_type: kind, resource_owner: owner, type } = event;
    if (kind === "instance" && owner !== instance) {
      others.add(owner);
    }
    if (removedOrgs.add(event)) {
      for (const check of [users, policies, hooks, storms]) {
        check.removeOrg(owner);
      }
    }
    access.add(owner, event.aggregate_id, type, payload);
    hooks.add(kind, owner, type, payload);
    const { aggregate_id: id } = event;
    if (kind === "user" && access.addToAccount(owner, id, type, payload)) {
      continue;
    }
    if (kind === "user") {
      users.add(
        ...([
          owner,
          event.aggregate_id,
          event.position,
          type,
          payload,
        ] as const),
        afterPruned,
      );
    } else {
      policies.add(kind, owner, type, payload, date);
      storms.add(owner, type);
    }
  }
  for (const other of instance === undefined ? [] : others) {
    problems.report(
      `the events are of the instance ${other}, but the instance is ${instance}`,
    );
  }
  access.check(
    await source.rows<CheckedOrg & { readonly recorded: number }>(
      "SELECT id, name, creation_date, recorded, removal_date FROM orgs",
    ),
    await source.rows<TokenRow & { readonly recorded: number }>(
      // Those of accounts are compared with them.
      `SELECT ${tokenColumns}, recorded FROM tokens WHERE account_id IS NULL AND ${isOfNoRemovedOrg("org_id")}`,
    ),
    await readAccounts(source),
  );
  hooks.check(
    await source.rows<CheckedHook>(
      `SELECT id, org_id, url, event_types, presets, disable_reason FROM hooks WHERE ${isOfNoRemovedOrg("org_id")}`,
    ),
  );
  policies.check(
    await source.rows<PolicyState>(
      `SELECT owner_kind, resource_owner, max_password_attempts, max_otp_attempts, creation_micros, change_micros
       FROM policies`,
    ),
  );
  policies.checkRules(
    await source.rows<RulesState>(
      "SELECT owner_kind, resource_owner, rules FROM policy_rules",
    ),
  );
  storms.check(await source.rows("SELECT org_id, storm FROM storms"));
  users.check({
    failures: await readFailures(source),
    aliases: await readAliases(source),
  });
  await removedOrgs.check(source);
  await checkFolding(source, problems);
  await checkOpenAttempts(source, problems);
  await checkOpenOnDevices(source, problems);
  checkActivity(problems, await source.rows<WrongInterval>(wrongIntervalsSql));
  return {
    events,
    users: userRows.length,
    problems: problems.list,
    count: problems.count,
  };
}

/** The sequences of each aggregate count from 1 without a gap, but for events of attempts that were removed. */
class Sequences {
  readonly #problems: Problems;
  readonly #prunedBefore: number;
  readonly #last = new Map<string, number>();
  readonly #lastDates = new Map<string, number>();

  /** @param prunedBefore the date before which events of attempts were removed, in microseconds; 0 for none */
  constructor(problems: Problems, prunedBefore: number) {
    this.#problems = problems;
    this.#prunedBefore = prunedBefore;
  }

  /** Takes the next event; says whether some before it were removed. */
  add(event: CheckedEvent): boolean {
    const { aggregate_type: type, aggregate_id: id, sequence } = event;
    const aggregate = `${type}\n${event.resource_owner}\n${id}`;
    const expected = (this.#last.get(aggregate) ?? 0) + 1;
    // What was removed was later than the event before it.
    const mayLack =
      type === "user" &&
      (this.#lastDates.get(aggregate) ?? 0) < this.#prunedBefore;
    const afterPruned = mayLack && sequence > expected;
    if (sequence !== expected && !afterPruned) {
      this.#problems.report(
        `event ${event.position}, of ${type} ${id}, has sequence ${sequence}, not ${expected}`,
      );
    }
    this.#last.set(aggregate, sequence);
    if (mayLack) {
      this.#lastDates.set(aggregate, event.creation_micros);
    }
    return afterPruned;
  }
}

async function readAccounts(source: CheckSource): Promise<readonly Account[]> {
  const keyIdsOf = await readIds(source, "account_keys");
  const tokenIdsOf = await readIds(source, "tokens");
  const rows = await source.rows<AccountRow>(
    `SELECT ${ownAccountColumns}, NULL AS key_ids, NULL AS token_ids, 0 AS revoked FROM accounts
     WHERE ${isOfNoRemovedOrg("org_id")}`,
  );
  return rows.map((row) => ({
    ...toAccount(row),
    keyIds: keyIdsOf.get(row.id) ?? [],
    tokenIds: tokenIdsOf.get(row.id) ?? [],
  }));
}

/** The ids of what accounts have, by account. */
async function readIds(
  source: CheckSource,
  table: "account_keys" | "tokens",
): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await source.rows<{
    readonly account_id: string;
    readonly id: string;
  }>(
    `SELECT account_id, id FROM ${table} WHERE account_id IS NOT NULL ORDER BY id`,
  );
  const ids = new Map<string, string[]>();
  for (const { account_id: accountId, id } of rows) {
    ids.set(accountId, [...(ids.get(accountId) ?? []), id]);
  }
  return ids;
}

async function readFailures(
  source: CheckSource,
): Promise<Map<number, Map<Factor, Failures>>> {
  const rows = await source.rows<{
    readonly subject: number;
    readonly factor: Factor;
    readonly failed: number;
    readonly failed_in_row: number;
  }>(
    "SELECT subject, factor, failed, failed_in_row FROM counters WHERE failed <> 0 OR failed_in_row <> 0",
  );
  const failures = new Map<number, Map<Factor, Failures>>();
  for (const { subject, factor, failed, failed_in_row: inRow } of rows) {
    const own = failures.get(subject) ?? new Map<Factor, Failures>();
    failures.set(subject, own.set(factor, { failed, inRow }));
  }
  return failures;
}

async function readAliases(
  source: CheckSource,
): Promise<Map<number, string[]>> {
  const rows = await source.rows<{
    readonly subject: number;
    readonly name: string;
  }>("SELECT subject, name FROM aliases");
  const aliases = new Map<number, string[]>();
  for (const { subject, name } of rows) {
    const own = aliases.get(subject);
    if (own === undefined) {
      aliases.set(subject, [name]);
    } else {
      own.push(name);
    }
  }
  return aliases;
}

/** Aliases that read like one of another user are stored as they were folded before that was known. */
async function checkFolding(
  source: CheckSource,
  problems: Problems,
): Promise<void> {
  const rows = await source.rows<StoredAlias & { readonly user_id: string }>(
    "SELECT a.org_id, a.folded, a.name, s.user_id FROM aliases a JOIN subjects s ON s.key = a.subject",
  );
  for (const row of rows) {
    if (foldedAnew(row) === undefined) {
      continue;
    }
    problems.report(
      `an alias of user ${row.user_id} of the organisation ${row.org_id} has characters that nobody sees, and reads like one of another ` +
        `user: without them it leads to the other. Give one of the two another alias`,
    );
  }
}

async function checkOpenAttempts(
  source: CheckSource,
  problems: Problems,
): Promise<void> {
  const mismatches = await source.rows<{
    readonly subject: number;
    readonly factor: string;
    readonly open: number;
    readonly found: number;
  }>(
    `SELECT * FROM (
       SELECT subject, factor, open,
         (SELECT count(*) FROM attempts
          WHERE attempts.subject = counters.subject AND attempts.factor = counters.factor
            AND attempts.outcome IS NULL AND attempts.device IS NULL) AS found
       FROM counters) AS counted WHERE open <> found`,
  );
  for (const { subject, factor, open, found } of mismatches) {
    problems.report(
      `subject ${subject} counts ${open} open attempts of ${factor}, but has ${found}`,
    );
  }
}

/** On devices, forgotten ones too, as many attempts are open as hold their chances. */
async function checkOpenOnDevices(
  source: CheckSource,
  problems: Problems,
): Promise<void> {
  const found = await source.rows<{
    readonly subject: number;
    readonly factor: Factor;
    readonly open: number;
  }>(
    `SELECT subject, factor, count(*) AS open FROM attempts
     WHERE outcome IS NULL AND device IS NOT NULL GROUP BY subject, factor`,
  );
  const openOf = new Map(
    found.map(({ subject, factor, open }) => [`${subject} ${factor}`, open]),
  );
  const subjects = await source.rows<{
    readonly key: number;
    readonly devices: string;
  }>("SELECT key, devices FROM subjects WHERE devices IS NOT NULL");
  for (const { key, devices } of subjects) {
    const { used } = JSON.parse(devices) as Devices;
    for (const factor of factors) {
      const counted = usedOf(used, factor).open;
      const open = openOf.get(`${key} ${factor}`) ?? 0;
      if (counted !== open) {
        problems.report(
          `subject ${key} counts ${counted} open attempts of ${factor} on devices, but has ${open}`,
        );
      }
    }
  }
}
