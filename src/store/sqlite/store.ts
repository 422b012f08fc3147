import { listEvents } from "../shared/event-list.ts";
import { mayBeId } from "../ids.ts";
import type { NewId } from "../ids.ts";
import { StoreRefusedError, StoreUnavailableError } from "../store.ts";
import type { Awaitable } from "../awaitable.ts";
import type { Clock } from "../ids.ts";
import { noPolicy } from "../policies.ts";
import type { PolicyOwner } from "../policies.ts";
import type { Store } from "../store.ts";
import { readOrgPage } from "../commands/access-pages.ts";
import { sliceStart, toSlice } from "../shared/access-lists.ts";
import { createAccountStore } from "./account-store.ts";
import { prepareAccounts } from "./accounts.ts";
import { createActivity } from "./activity.ts";
import { createAppendWatch } from "./append-watch.ts";
import { createCommitMark, lookOnceAMoment } from "./commit-mark.ts";
import { CommitQueue } from "./commit-queue.ts";
import { rememberUntilCommit } from "./committed-reads.ts";
import {
  closeDatabase,
  createSnapshot,
  createTransaction,
  openDatabase,
} from "./database.ts";
import type { OpenDatabase } from "./database.ts";
import { isUnavailable, unavailable } from "./errors.ts";
import { prepareEvents } from "./events.ts";
import { prepareFigures } from "./figures.ts";
import { createFileCheck } from "./file-check.ts";
import { prepareInstance } from "./instance.ts";
import { migrations } from "./migrations/all.ts";
import { prepareHooks } from "./hooks.ts";
import { prepareOrgs } from "./orgs.ts";
import { preparePolicies } from "./policies.ts";
import { prepareErasure } from "./erasure.ts";
import { preparePruning } from "./pruning.ts";
import { createTokenStore } from "./token-store.ts";
import { prepareTokens } from "./tokens.ts";
import { readCopyState } from "./transfer.ts";
import { createTransactionMemory } from "./transaction-memory.ts";
import { requireAggregate, requireOrg } from "../commands/tables.ts";
import type { PolicyAggregate } from "../commands/tables.ts";
import { noMeter, Tally } from "../meter.ts";
import type { StoreMeter } from "../meter.ts";
import { createLeadWatch } from "../shared/dates.ts";
import { defaultMaxNames } from "../users.ts";
import { unfinishedCopy } from "../shared/transfer.ts";
import { createUserLookups } from "./user-lookups.ts";
import { createUserStore } from "./users.ts";
import { prepareVault } from "./vault.ts";

/** How a store on an SQLite file is opened. */
export interface SqliteStoreOptions {
  /** The database file. */
  readonly path: string;
  /**
   * For a server: creates the file where there is none, and lets no second server in. Without it, for the
   * command-line tools: the file must exist, and may be served meanwhile.
   */
  readonly exclusive: boolean;
  readonly now: Clock;
  readonly newId: NewId;
  /** How many login names that no user has are kept: 100,000 unless it is set. At least 1. */
  readonly maxNames?: number;
  /** How many users an organisation may have: any number unless it is set. */
  readonly maxUsersPerOrg?: number;
  /** Told once, until it is over, by how many milliseconds the clock is behind the dates of the events: it went back. */
  readonly onClockBehind?: (behindMs: number) => void;
  /** Told of what is committed. */
  readonly meter?: StoreMeter;
  /** Told how many sources of failures were removed to make room for others. */
  readonly onSourcesDropped?: (count: number) => void;
}

// While another process writes, which takes milliseconds, a server's event loop must not stand still: it looks
// again every now and then, for five seconds. A tool has nothing else to do, and looks again at once, for some
// ten seconds: a busy server leaves the lock free only for moments.
const busyTimeoutMs = 10;
const serverRetries = { busyRetries: 160, busyDelayMs: 20 };
const toolRetries = { busyRetries: 1000, busyDelayMs: 1 };

/** How many commands share a transaction at most: so many block the event loop for some milliseconds. */
const maxBatch = 256;

/**
 * How long a commit of another process may go unnoticed by what is remembered, in milliseconds: less than it takes that process, which
 * is one of our tools, to say that it is done. Transactions always see it.
 */
const markMomentMs = 0.1;

/** How many policies are remembered until the next commit: far more than are in use at a time. */
const maxRemembered = 1000;

/** How many events are looked through at once: some milliseconds, in which the event loop stands still. */
const eventWindow = 10_000;

/**
 * Opens a store on an SQLite file. All numbers in it are read as JavaScript numbers: positions, sequences,
 * limits and times stay far below 2^53.
 *
 * @throws StoreRefusedError: no such directory, not our database, a newer one, served by another process, a copy that is not
 *   done
 * @throws StoreUnavailableError: locked, read-only, damaged
 */
export async function openSqliteStore(
  options: SqliteStoreOptions,
): Promise<Store> {
  const opened = openDatabase(options.path, options.exclusive, migrations);
  try {
    const copied = readCopyState(opened.database);
    if (copied !== undefined) {
      throw unfinishedCopy(opened.database.name, copied);
    }
    return createStore(opened, options);
  } catch (error) {
    closeDatabase(opened);
    if (error instanceof StoreRefusedError) {
      throw error;
    }
    throw unavailable(error);
  }
}

function createStore(
  opened: OpenDatabase,
  {
    exclusive,
    now,
    newId,
    maxNames = defaultMaxNames,
    maxUsersPerOrg = 0,
    onClockBehind = () => undefined,
    meter = noMeter,
    onSourcesDropped = () => undefined,
  }: SqliteStoreOptions,
): Store {
  const { database } = opened;
  database.pragma(`busy_timeout = ${busyTimeoutMs}`);
  if (!exclusive) {
    // What a tool deletes, such as all that is known of a person, is overwritten in pages that become free too. A server has no time for that.
    database.pragma("secure_delete = ON");
  }

  const memory = createTransactionMemory();
  const tally = new Tally(meter);
  const events = prepareEvents(database);
  const policies = preparePolicies(database, events, memory);
  const instances = prepareInstance(database, events, now, newId);
  const orgs = prepareOrgs(database, events, memory, now, newId);
  const tokens = prepareTokens(database, events, orgs, now, newId);
  const accounts = prepareAccounts(database, events, orgs, now, newId);
  const vault = prepareVault(database, events, instances, now);

  // A tool reads little, and does not run for long.
  const ownMark = exclusive ? createCommitMark(database.name) : undefined;
  const recent =
    ownMark && lookOnceAMoment(ownMark, markMomentMs, () => performance.now());
  const watch = createAppendWatch(
    () => events.lastPosition(),
    () => events.appended(),
  );
  const watchLead = createLeadWatch(onClockBehind);
  const checkFiles = exclusive
    ? createFileCheck(database.name, opened.lock)
    : undefined;
  const prune = preparePruning(database, events);
  const erase = prepareErasure(database);
  const queue = new CommitQueue(
    createTransaction(database, memory, checkFiles, tally),
    {
      maxBatch,
      currentCall: meter.currentCall,
      onCommit: (seconds, commands) => {
        meter.committed(seconds, commands);
      },
      afterCommit: () => {
        recent?.forget();
        watchLead(events.newestDate(), now());
        // After the callers got their results: a failure must not take longer for a user whose events are watched than for an unknown name.
        setImmediate(() => {
          watch.committed();
        });
      },
      ...(exclusive ? serverRetries : toolRetries),
    },
  );
  const write: CommitQueue["run"] = (...command) => queue.run(...command);
  const snapshot = createSnapshot(database);
  const figures = prepareFigures(database);
  // Writes the first page as it is (nothing else uses this number), and so finds a locked or read-only file, and a full disk.
  const writeProbe = database.prepare("PRAGMA user_version = 0");
  let closed = false;
  /** Runs a query of one statement, which needs no transaction to see one state. */
  const readOnce = <T>(query: () => T): T => {
    if (closed) {
      throw new StoreUnavailableError("the store is closed");
    }
    try {
      return query();
    } catch (error) {
      throw isUnavailable(error) ? unavailable(error) : error;
    }
  };

  const read = <T>(query: () => T): T => readOnce(() => snapshot(query));

  const readOrReject = <T>(query: () => T): Awaitable<T> => {
    try {
      return readOnce(query);
    } catch (error) {
      return rejection(error);
    }
  };
  const access = { read, readOrReject, write, mark: recent?.mark };
  // One for each kind of owner: to put a key together for each look-up takes longer than the look-up.
  const rememberPolicies = () =>
    rememberUntilCommit(recent?.mark, maxRemembered, (owner: PolicyAggregate) =>
      policies.find(owner),
    );
  const findPolicies = {
    instance: rememberPolicies(),
    org: rememberPolicies(),
  };

  const orgExists = rememberUntilCommit(
    recent?.mark,
    maxRemembered,
    (orgId: string) => orgs.find(orgId) !== undefined,
  );

  // There is one instance, and it stays: once it is seen outside a transaction it need not be read again.
  let committed: PolicyAggregate | undefined;
  /** The instance's policy has no owner before there is an instance. */
  const aggregateOf = (owner: PolicyOwner): PolicyAggregate | undefined => {
    if (owner.kind === "org") {
      return { type: "org", id: owner.orgId };
    }
    if (committed !== undefined) {
      return committed;
    }
    const instance = instances.find();
    return instance && { type: "instance", id: instance.id };
  };
  const committedAggregateOf = (owner: PolicyOwner) =>
    owner.kind === "instance"
      ? (committed ??= readOnce(() => aggregateOf(owner)))
      : aggregateOf(owner);

  const users = createUserStore(database, {
    ...{ write, read, events, orgs, policies, memory, tally, now, newId },
    ...{ maxNames, maxUsersPerOrg, onSourcesDropped },
  });

  const hooks = prepareHooks(database, {
    ...{ events, orgs, now, newId, exclusive, readOnce, aggregateOf, write },
  });

  return {
    ...users,
    ...hooks,
    ...createUserLookups(database, read),
    now,
    newId,
    findPolicy: (owner) =>
      readOrReject(() => {
        const aggregate = committedAggregateOf(owner);
        // What is asked for is remembered, also where it is not there.
        if (aggregate === undefined || !mayBeId(aggregate.id)) {
          return undefined;
        }
        return findPolicies[aggregate.type](aggregate.id, aggregate);
      }),
    viewPolicy: async (owner) =>
      read(() => {
        const aggregate = aggregateOf(owner);
        return aggregate === undefined ? noPolicy : policies.view(aggregate);
      }),
    changePolicy: (owner, editor, decide) =>
      queue.run(() => {
        const aggregate = aggregateOf(owner);
        if (owner.kind === "org") {
          requireOrg(orgs, owner.orgId);
        }
        const decision = decide(
          aggregate === undefined ? noPolicy : policies.view(aggregate),
        );
        const known = requireAggregate(aggregate);
        return policies.apply(known, editor, decision, now());
      }),

    listEvents: (filter) =>
      listEvents(
        {
          lastPosition: () => read(() => events.lastPosition()),
          positionAt: (date) => read(() => events.positionAt(date)),
          sequenceAt: (...at) => read(() => events.sequenceAt(...at)),
          aggregateAfter: (...from) =>
            read(() => events.aggregateAfter(...from)),
          list: (wanted, within) => read(() => events.list(wanted, within)),
        },
        filter,
        eventWindow,
      ),
    findEventEnds: async (...of) => read(() => events.endsOfAggregate(...of)),
    eraseEvents: (wanted) => queue.run(() => erase(wanted)),
    pruneChecks: (before) => queue.run(() => prune(before)),
    lastPosition: async () => read(() => events.lastPosition()),
    onAppended: (listener) => read(() => watch.listen(listener)),

    createOrg: (name, editor) => queue.run(() => orgs.create(name, editor)),
    renameOrg: (...change) => queue.run(() => orgs.rename(...change)),
    listOrgs: async (page) =>
      readOrgPage(page, (after, limit) =>
        read(() => toSlice(orgs.list(sliceStart(after, limit)), limit)),
      ),
    findOrg: async (orgId) => read(() => orgs.find(orgId)),
    orgExists: (orgId) =>
      readOrReject(() => mayBeId(orgId) && orgExists(`org ${orgId}`, orgId)),
    removeOrg: (orgId, editor) => write(() => orgs.remove(orgId, editor)),

    ...createTokenStore(tokens, accounts, access),
    ...createAccountStore(accounts, events, access),
    ...createActivity(database, { read, write, now }),

    findDataKey: async () => read(() => vault.find()),
    addDataKey: (dataKey) => queue.run(() => vault.add(dataKey)),
    replaceDataKey: (...replacement) =>
      queue.run(() => vault.replace(...replacement)),
    listSigningKeys: async () => read(() => vault.listSigning()),
    addSigningKey: (key) =>
      queue.run(() => {
        vault.addSigning(key);
      }),

    findInstance: async () => read(() => instances.find()),
    initialise: ({ orgName, policy, token }) =>
      queue.run(() => {
        const found = instances.find();
        if (found !== undefined) {
          return { ...found, created: false };
        }
        if (orgs.list(sliceStart(undefined, 1)).length > 0) {
          throw unfinishedCopy(database.name);
        }
        const editor = "SYSTEM";
        const instance = instances.create(
          () => orgs.create(orgName, editor).id,
          editor,
        );
        const { id, firstOrgId } = instance;
        policies.apply({ type: "instance", id }, editor, policy, now());
        tokens.create({ ...token, orgId: firstOrgId }, editor);
        return { ...instance, created: true };
      }),

    figures: async (perOrg) => read(() => figures(perOrg, now())),
    waitingCommands: () => queue.length,
    ping: () =>
      queue.run(() => {
        writeProbe.run();
      }),
    close: async () => {
      await queue.close();
      watch.close();
      closed = true;
      closeDatabase(opened);
    },
  };
}

async function rejection(error: unknown): Promise<never> {
  throw error;
}
