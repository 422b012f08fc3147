import {
  instanceAdded,
  orgAdded,
  tokenAdded,
} from "../../lockout/events/access-events.ts";
import { userAggregate } from "../commands/tables.ts";
import type { Aggregate } from "../commands/tables.ts";
import type { NewId } from "../ids.ts";
import { unfinishedCopy } from "../shared/transfer.ts";
import type { Instance, InstanceInit } from "../store.ts";
import type { PostgresDatabase } from "./database.ts";
import { orgAggregate } from "../commands/tables.ts";
import { insertOrg } from "./orgs.ts";
import type { Statement } from "./pipeline.ts";
import type { Change, Recorder } from "./recorder.ts";
import { insertToken } from "./tokens.ts";

/** The instance, which is created once, and stays. */
export interface Instances {
  findInstance(): Promise<Instance | undefined>;
  /** Creates it; of nodes that do it at once, one does, and the others find it. */
  initialise(
    init: InstanceInit,
  ): Promise<Instance & { readonly created: boolean }>;
}

const find: Statement = {
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
const insert: Statement = {
  name: "insert_instance",
  text: "INSERT INTO instance (only_one, id, first_org_id, creation_date) VALUES (1, $1, $2, $3)",
};
// The second event of the instance's, after that of its creation.
const insertDefaultPolicy: Statement = {
  name: "insert_default_policy",
  text: `INSERT INTO policies (owner_kind, resource_owner, max_password_attempts, max_otp_attempts, sequence, creation_date,
    change_date) VALUES ('instance', $1, $2, $3, 2, $4, $4)`,
};

/** @param readTime the time at which something is created */
export function createInstances(
  database: PostgresDatabase,
  recorder: Recorder,
  newId: NewId,
  readTime: () => Promise<number>,
): Instances {
  const findInstance = async () => {
    const { rows } = await database.query(find);
    return rows[0] as unknown as Instance | undefined;
  };
  const create = async (change: Change, init: InstanceInit, time: number) => {
    const { send } = change;
    await send([lockInstallation]);
    const [instances, orgs] = await send([find], [countOrgs]);
    const found = instances?.rows[0] as unknown as Instance | undefined;
    if (found !== undefined) {
      return { ...found, created: false };
    }
    if (Number(orgs?.rows[0]?.["count"]) > 0) {
      throw unfinishedCopy(database.name);
    }
    const ids = { id: newId(), firstOrgId: newId(), tokenId: newId() };
    await insertAll(change, init, ids, time);
    return { id: ids.id, firstOrgId: ids.firstOrgId, created: true };
  };
  return {
    findInstance,
    initialise: async (init) => {
      const found = await findInstance();
      if (found !== undefined) {
        return { ...found, created: false };
      }
      const time = await readTime();
      return recorder.record("SYSTEM", time, (change) =>
        create(change, init, time),
      );
    },
  };
}

/** Writes the instance, its first organisation, policy and token, and the events of these. */
async function insertAll(
  { send, append }: Change,
  { orgName, policy, token }: InstanceInit,
  {
    id,
    firstOrgId,
    tokenId,
  }: Instance & {
    readonly tokenId: string;
  },
  time: number,
): Promise<void> {
  const { numbers } = policy;
  if (numbers?.limits === undefined) {
    throw new Error("the default policy has numbers");
  }
  const { limits } = numbers;
  const aggregate: Aggregate = { type: "instance", id, resourceOwner: id };
  await send(
    insertOrg({ id: firstOrgId, name: orgName, creationDate: time }),
    [insert, id, firstOrgId, time],
    insertToken(tokenId, { ...token, orgId: firstOrgId }, time),
    [
      insertDefaultPolicy,
      ...[id, limits.maxPasswordAttempts, limits.maxOtpAttempts, time],
    ],
  );
  append(aggregate, instanceAdded);
  append(orgAggregate(firstOrgId), orgAdded(orgName));
  append(aggregate, numbers.event);
  append(
    userAggregate(firstOrgId, tokenId),
    tokenAdded({ id: tokenId, ...token }),
  );
}
