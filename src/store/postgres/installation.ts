import {
  instanceAdded,
  orgAdded,
  tokenAdded,
  tokenRemoved,
} from "../../lockout/access-events.ts";
import type { Limits } from "../../lockout/policy.ts";
import { mayBeId } from "../ids.ts";
import type { NewId } from "../ids.ts";
import { tokenColumns, toOrg, toToken } from "../shared/rows.ts";
import type { OrgRow, TokenRow } from "../shared/rows.ts";
import type { Instance, InstanceInit } from "../store.ts";
import type { NewToken, Org, TokenRecord } from "../access.ts";
import { unfinishedCopy } from "../shared/transfer.ts";
import { userAggregate } from "../commands/tables.ts";
import type { Aggregate } from "../commands/tables.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Call, Result, Statement } from "./pipeline.ts";
import type { Change, Recorder } from "./recorder.ts";
import { createLookups } from "./lookups.ts";

/** Organisations, tokens and the instance: what is rarely changed, each in a transaction of its own. */
export interface Installation {
  findInstance(): Promise<Instance | undefined>;
  initialise(
    init: InstanceInit,
  ): Promise<Instance & { readonly created: boolean }>;
  createOrg(name: string, editor: string): Promise<Org>;
  listOrgs(): Promise<readonly Org[]>;
  orgExists(orgId: string): Promise<boolean>;
  createToken(token: NewToken, editor: string): Promise<TokenRecord>;
  findToken(hash: Uint8Array): Promise<TokenRecord | undefined>;
  listTokens(): Promise<readonly TokenRecord[]>;
  revokeToken(tokenId: string, editor: string): Promise<boolean>;
}

/** How many organisations are remembered to exist. */
const maxKnown = 10_000;
const maxTries = 1000;

const findInstance: Statement = {
  name: "find_instance",
  text: `SELECT id, first_org_id AS "firstOrgId" FROM instance`,
};
const lockInstallation: Statement = {
  name: "lock_installation",
  text: "SELECT only_one FROM lockoutd_lock FOR UPDATE",
};
const countOrgs: Statement = {
  name: "count_orgs",
  text: "SELECT count(*) AS count FROM orgs",
};
const insertInstance: Statement = {
  name: "insert_instance",
  text: "INSERT INTO instance (only_one, id, first_org_id, creation_date) VALUES (1, $1, $2, $3)",
};
const insertOrg: Statement = {
  name: "insert_org",
  text: "INSERT INTO orgs (id, name, creation_date) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
};
const listOrgs: Statement = {
  name: "list_orgs",
  text: "SELECT id, name, creation_date FROM orgs ORDER BY creation_date, id",
};
const findOrgs: Statement = {
  name: "find_orgs",
  text: "SELECT id FROM orgs WHERE id = ANY ($1::text[])",
};
const insertToken: Statement = {
  name: "insert_token",
  text: `INSERT INTO tokens (id, hash, name, org_id, roles, creation_date, expiration_date)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
};
const findTokens: Statement = {
  name: "find_tokens",
  text: `SELECT ${tokenColumns}, hash FROM tokens WHERE hash = ANY ($1::bytea[])`,
};
const listTokens: Statement = {
  name: "list_tokens",
  text: `SELECT ${tokenColumns} FROM tokens ORDER BY creation_date, id`,
};
const removeToken: Statement = {
  name: "remove_token",
  text: "DELETE FROM tokens WHERE id = $1 RETURNING org_id",
};
// The second event of the instance's, after that of its creation.
const insertDefaultPolicy: Statement = {
  name: "insert_default_policy",
  text: `INSERT INTO policies (owner_kind, resource_owner, max_password_attempts, max_otp_attempts, sequence, creation_date,
    change_date) VALUES ('instance', $1, $2, $3, 2, $4, $4)`,
};

/**
 * @param recorder writes changes with their events
 * @param newId gives ids
 * @param readTime the time at which something is created
 */
export function createInstallation(
  database: PostgresDatabase,
  recorder: Recorder,
  newId: NewId,
  readTime: () => Promise<number>,
): Installation {
  const known = new Set<string>();
  const lookUpOrg = createLookups(async (ids) => {
    const { rows } = await database.query(findOrgs, ids);
    return new Map(rows.map(({ id }) => [id as string, id as string] as const));
  });
  const lookUpToken = createLookups(async (hashes) => {
    const { rows } = await database.query(
      findTokens,
      hashes.map((hash) => Buffer.from(hash, "base64")),
    );
    return new Map(
      rows.map((row) => [
        (row["hash"] as Buffer).toString("base64"),
        toToken(row as unknown as TokenRow),
      ]),
    );
  });
  /** Inserts with new ids until one was free: a server and a tool may come to the same one. */
  const withFreeId = async (insert: (id: string) => Promise<Result>) => {
    for (let tries = 0; tries < maxTries; tries += 1) {
      const id = newId();
      if ((await insert(id)).count > 0) return id;
    }
    throw new Error(`none of ${maxTries} new ids was free`);
  };
  const find = async (): Promise<Instance | undefined> => {
    const { rows } = await database.query(findInstance);
    return rows[0] as unknown as Instance | undefined;
  };

  return {
    findInstance: find,
    initialise: async (init) => {
      const found = await find();
      if (found !== undefined) return { ...found, created: false };
      const time = await readTime();
      return create(recorder, database.name, init, newId, time);
    },

    createOrg: async (name, editor) => {
      const creationDate = await readTime();
      const id = await recorder.record(editor, creationDate, async (change) => {
        const created = await withFreeId((free) =>
          sendOne(change, [insertOrg, free, name, creationDate]),
        );
        change.append(orgAggregate(created), orgAdded(name));
        return created;
      });
      return { id, name, creationDate };
    },
    listOrgs: async () => {
      const { rows } = await database.query(listOrgs);
      return rows.map((row) => toOrg(row as unknown as OrgRow));
    },
    orgExists: async (orgId) => {
      // An organisation that is there stays: no command removes one.
      if (known.has(orgId)) return true;
      if (!mayBeId(orgId)) return false;
      // The database's text: the caller's may be a piece of a large request, which would be kept with it.
      const found = await lookUpOrg(orgId);
      if (found === undefined) return false;
      if (known.size === maxKnown) known.clear();
      known.add(found);
      return true;
    },

    createToken: async ({ hash, ...token }, editor) => {
      const creationDate = await readTime();
      const { name, orgId, roles, expirationDate } = token;
      const id = await recorder.record(editor, creationDate, async (change) => {
        const created = await withFreeId((free) =>
          sendOne(change, [
            insertToken,
            ...[free, hash, name, orgId, JSON.stringify(roles)],
            ...[creationDate, expirationDate ?? null],
          ]),
        );
        change.append(
          userAggregate(orgId, created),
          tokenAdded({ id: created, ...token }),
        );
        return created;
      });
      return { id, name, orgId, roles, creationDate, expirationDate };
    },
    findToken: (hash) => lookUpToken(Buffer.from(hash).toString("base64")),
    listTokens: async () => {
      const { rows } = await database.query(listTokens);
      return rows.map((row) => toToken(row as unknown as TokenRow));
    },
    revokeToken: async (tokenId, editor) => {
      const time = await readTime();
      return recorder.record(editor, time, async (change) => {
        const { rows } = await sendOne(change, [removeToken, tokenId]);
        const [removed] = rows;
        if (removed === undefined) return false;
        const aggregate = userAggregate(removed["org_id"] as string, tokenId);
        change.append(aggregate, tokenRemoved(tokenId));
        return true;
      });
    },
  };
}

async function sendOne({ send }: Change, call: Call): Promise<Result> {
  const [result] = await send(call);
  if (result === undefined) throw new Error("a statement has a result");
  return result;
}

function orgAggregate(id: string): Aggregate {
  return { type: "org", id, resourceOwner: id };
}

/** Creates the instance; of nodes that do it at once, one does, and the others find it. */
async function create(
  recorder: Recorder,
  databaseName: string,
  { orgName, policy, token }: InstanceInit,
  newId: NewId,
  time: number,
): Promise<Instance & { readonly created: boolean }> {
  const [id, firstOrgId, tokenId] = [newId(), newId(), newId()];
  const limits: Limits = policy.limits ?? {
    maxPasswordAttempts: 0,
    maxOtpAttempts: 0,
  };
  const aggregate: Aggregate = { type: "instance", id, resourceOwner: id };
  return recorder.record("SYSTEM", time, async ({ send, append }) => {
    await send([lockInstallation]);
    const [instances, orgs] = await send([findInstance], [countOrgs]);
    const found = instances?.rows[0] as unknown as Instance | undefined;
    if (found !== undefined) return { ...found, created: false };
    if (Number(orgs?.rows[0]?.["count"]) > 0)
      throw unfinishedCopy(databaseName);
    await send(
      [insertOrg, firstOrgId, orgName, time],
      [insertInstance, id, firstOrgId, time],
      [
        insertToken,
        ...[tokenId, token.hash, token.name, firstOrgId],
        ...[JSON.stringify(token.roles), time, token.expirationDate ?? null],
      ],
      [
        insertDefaultPolicy,
        ...[id, limits.maxPasswordAttempts, limits.maxOtpAttempts, time],
      ],
    );
    append(aggregate, instanceAdded);
    append(orgAggregate(firstOrgId), orgAdded(orgName));
    append(aggregate, policy.event);
    append(
      userAggregate(firstOrgId, tokenId),
      tokenAdded({ id: tokenId, ...token }),
    );
    return { id, firstOrgId, created: true };
  });
}
