import type { KeyObject } from "node:crypto";
import { requireAggregate, requireOrg } from "../commands/tables.ts";
import type { PolicyAggregate } from "../commands/tables.ts";
import { mayBeId } from "../ids.ts";
import type { Clock, NewId } from "../ids.ts";
import { noPolicy } from "../policies.ts";
import type { PolicyOwner } from "../policies.ts";
import { noMeter } from "../meter.ts";
import type { StoreMeter } from "../meter.ts";
import { createLeadWatch } from "../shared/dates.ts";
import { listEvents } from "../shared/event-list.ts";
import { createNameKey } from "../shared/name-hash.ts";
import { policyOwnerOf } from "../shared/hooks.ts";
import { unfinishedCopy } from "../shared/transfer.ts";
import type { Instance, Store } from "../store.ts";
import { createAccounts } from "./accounts.ts";
import { createActivity } from "./activity.ts";
import { canNotify, createAppendWatch } from "./append-watch.ts";
import { CommitQueue } from "./commit-queue.ts";
import { openDatabase, unnamed } from "./database.ts";
import type { PostgresDatabase } from "./database.ts";
import { readEndsOfAggregate } from "./event-ends.ts";
import { readEvents } from "./events.ts";
import { readFigures } from "./figures.ts";
import { createHooks } from "./hooks.ts";
import { createInstances } from "./instance.ts";
import { createKeys } from "./keys.ts";
import { readTime } from "./load.ts";
import { leaseMachine } from "./machine.ts";
import { migrate, requireMigrated } from "./migrate.ts";
import { migrations } from "./migrations/all.ts";
import { createNames } from "./names.ts";
import { createOrgs } from "./orgs.ts";
import type { Statement } from "./pipeline.ts";
import { createPolicyLookup, viewPolicy } from "./policies.ts";
import { createErasure } from "./erasure.ts";
import { createPruning } from "./pruning.ts";
import { createRecorder } from "./recorder.ts";
import { startStatistics } from "./statistics.ts";
import { createTokens } from "./tokens.ts";
import { readCopyState } from "./transfer.ts";
import { createUserCounts } from "./user-counts.ts";
import { createSourceUpkeep } from "./source-upkeep.ts";
import { createUserLookups } from "./user-lookups.ts";
import { createUserStore } from "./users.ts";
import { createVaultStore } from "./vault.ts";

/** How a store on PostgreSQL is opened. */
export interface PostgresStoreOptions {
  readonly url: string;
  /** For a server: creates the tables where there are none. There may be any number of servers. */
  readonly exclusive: boolean;
  /** Tests' own clock, instead of the database's. */
  readonly now?: Clock;
  /** Tests' own ids, instead of those of a leased machine number. */
  readonly newId?: NewId;
  /** How many login names that no user has are kept, about: 100,000 unless it is set. At least 1. */
  readonly maxNames?: number;
  /** How many users an organisation may have, about: any number unless it is set. */
  readonly maxUsersPerOrg?: number;
  /** Told once, until it is over, by how many milliseconds the clock is behind the dates of the events: it went back. */
  readonly onClockBehind?: (behindMs: number) => void;
  /** Told of what is committed. */
  readonly meter?: StoreMeter;
  /** Told how many sources of failures were removed to make room for others. */
  readonly onSourcesDropped?: (count: number) => void;
}

/** How many commands share a transaction at most: more would block the event loop for some milliseconds. */
const maxBatch = 256;
const maxTries = 8;
/** How many positions of the log one statement reads through. */
const windowSize = 100_000;
const defaultMaxNames = 100_000;

const readNameKey: Statement = unnamed("SELECT hash_key FROM names");
// A standby and a read-only database refuse to lock a row. It takes a transaction id, and is written to the log, as any change is.
const lockForShare: Statement = {
  name: "ping",
  text: "SELECT only_one FROM lockoutd_lock FOR SHARE",
};

/**
 * Opens a store on PostgreSQL. All integers in it are read as JavaScript numbers: positions, sequences, limits and times stay
 * far below 2^53.
 *
 * @throws DatabaseUrlError, StoreRefusedError (not our database, a newer one, a copy that is not done) and StoreUnavailableError
 */
export async function openPostgresStore(
  options: PostgresStoreOptions,
): Promise<Store> {
  const database = openDatabase(options.url);
  try {
    if (options.exclusive) {
      await migrate(database, migrations);
    } else {
      await requireMigrated(database, migrations);
    }
    const copied = await readCopyState(database);
    if (copied !== undefined) {
      throw unfinishedCopy(database.name, copied);
    }
    return await createStore(database, options);
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function createStore(
  database: PostgresDatabase,
  {
    now: ownClock,
    newId: ownIds,
    maxNames = defaultMaxNames,
    maxUsersPerOrg = 0,
    onClockBehind = () => undefined,
    meter = noMeter,
    onSourcesDropped = () => undefined,
  }: PostgresStoreOptions,
): Promise<Store> {
  const time = () => ownClock?.() ?? null;
  /** How much the database's clock is ahead of this machine's, in milliseconds, by what was read last. */
  let ahead = 0;
  const onTime = (read: number) => {
    ahead = read - Date.now();
  };
  const readNow = async () => {
    const { rows } = await database.query(readTime, time());
    const read = Number(rows[0]?.["time"]);
    onTime(read);
    return read;
  };
  const now: Clock = ownClock ?? (() => Date.now() + ahead);
  await readNow();

  const nameKey = await readKey(database);
  const machine =
    ownIds === undefined ? await leaseMachine(database, now) : undefined;
  const newId = ownIds ?? machine?.newId;
  if (newId === undefined) {
    throw new Error("ids have a machine number");
  }
  const notifies = await canNotify(database);
  const events = readEvents(database);
  const watch = createAppendWatch(
    database,
    () => events.lastPosition(),
    notifies,
  );
  const names = createNames(database, maxNames);
  const userCounts = await createUserCounts(database, maxUsersPerOrg);
  const recorder = createRecorder({
    ...{ database, notifies, meter },
    onAppended: () => {
      watch.tell();
    },
  });
  const parts = [database, recorder, newId, readNow] as const;
  const instances = createInstances(...parts);
  const watchLead = createLeadWatch(onClockBehind);
  const queue = new CommitQueue({
    ...{ database, nameKey, newId, time, onTime, notifies, maxBatch, maxTries },
    meter,
    takeKeys: createKeys(database),
    isFull: (orgId) => userCounts.isFull(orgId),
    afterCommit: (workspace) => {
      names.added(workspace);
      sources.added(workspace);
      userCounts.counted(workspace.userCounts);
      const newest = workspace.events.pending.at(-1);
      if (newest === undefined) {
        return;
      }
      watchLead(newest.creationMicros, now());
      // After the callers got their results: a failure must not take longer for a user whose events are watched than for an unknown name.
      setImmediate(() => {
        watch.tell();
      });
    },
  });
  const sources = createSourceUpkeep({
    ...{ database, queue, time, onDropped: onSourcesDropped },
  });
  const users = createUserStore({
    ...{ database, queue, time, now, names, sources, nameKey },
  });

  // There is one instance, and it stays.
  const toAggregate = (found: Instance): PolicyAggregate => ({
    type: "instance",
    id: found.id,
  });
  const first = await instances.findInstance();
  let instance = first && toAggregate(first);
  const knownAggregate = (owner: PolicyOwner): PolicyAggregate | undefined =>
    owner.kind === "org" ? { type: "org", id: owner.orgId } : instance;
  const findAggregate = async (owner: PolicyOwner) => {
    const known = knownAggregate(owner);
    if (known !== undefined) {
      return known;
    }
    const found = await instances.findInstance();
    return found && (instance = toAggregate(found));
  };
  const lookUpPolicy = createPolicyLookup(database);

  const statistics = startStatistics(database);
  let closing: Promise<void> | undefined;
  const close = async () => {
    statistics.stop();
    await queue.close();
    await watch.close();
    await machine?.release();
    await database.close();
  };

  return {
    ...users,
    ...createUserLookups(database),
    ...createActivity(database, now),
    ...createOrgs(...parts),
    ...createTokens(...parts),
    ...createAccounts(...parts),
    ...createVaultStore(database, recorder, instances, readNow),
    ...createHooks({
      ...{ database, recorder, newId, readTime: readNow },
      aggregateOf: async (owner) => {
        const found = await findAggregate(policyOwnerOf(owner));
        const aggregate = requireAggregate(found);
        return { ...aggregate, resourceOwner: aggregate.id };
      },
    }),
    findInstance: () => instances.findInstance(),
    now,
    newId,
    initialise: async (init) => {
      const found = await instances.initialise(init);
      instance = toAggregate(found);
      return found;
    },
    findPolicy: async (owner) => {
      const aggregate = await findAggregate(owner);
      if (aggregate === undefined || !mayBeId(aggregate.id)) {
        return undefined;
      }
      return lookUpPolicy(aggregate);
    },
    viewPolicy: async (owner) => {
      const aggregate = await findAggregate(owner);
      return aggregate === undefined
        ? noPolicy
        : viewPolicy(database, aggregate);
    },
    changePolicy: (owner, editor, decide) => {
      const change = (aggregate: PolicyAggregate) =>
        queue.run([{ kind: "policy", owner: aggregate }], (workspace, at) => {
          if (aggregate.type === "org") {
            requireOrg(workspace.orgs, aggregate.id);
          }
          return workspace.policies.apply(
            aggregate,
            editor,
            decide(workspace.policies.view(aggregate)),
            at,
          );
        });
      // In turn at once where that can be: commands run in the order of the calls.
      const known = knownAggregate(owner);
      if (known !== undefined) {
        return change(known);
      }
      return findAggregate(owner).then((found) => {
        if (found === undefined) {
          decide(noPolicy);
        }
        return change(requireAggregate(found));
      });
    },
    listEvents: (filter) => listEvents(events, filter, windowSize),
    findEventEnds: (...of) => readEndsOfAggregate(database, ...of),
    eraseEvents: createErasure(database),
    pruneChecks: createPruning(database, events),
    lastPosition: () => events.lastPosition(),
    onAppended: (listener) => watch.listen(listener),
    figures: (perOrg) => readFigures(database, perOrg, now()),
    waitingCommands: () => queue.length,
    ping: async () => {
      await database.query(lockForShare);
    },
    close: () => (closing ??= close()),
  };
}

async function readKey(database: PostgresDatabase): Promise<KeyObject> {
  const { rows } = await database.query(readNameKey);
  const bytes = rows[0]?.["hash_key"];
  if (bytes instanceof Uint8Array) {
    return createNameKey(bytes);
  }
  throw new Error("the key of the names is missing");
}
