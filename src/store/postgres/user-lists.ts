import {
  addressOf,
  countLockedNamesSql,
  lastAddressSql,
  lockedSliceKinds,
  lockedSliceSql,
} from "../shared/user-lists.ts";
import type {
  ListedRow,
  LockedNamesValues,
  LockedSliceKind,
  LockedSliceValues,
} from "../shared/user-lists.ts";
import type { StoredLockout } from "../users.ts";
import type { PostgresDatabase } from "./database.ts";
import { namedCall, namedStatement } from "./named-statement.ts";
import type { Statement } from "./pipeline.ts";

const lockedLists = lockedSliceKinds.map((kind, place) => ({
  kind,
  ...namedStatement<LockedSliceValues>(`list_locked_${place}`, (named) =>
    lockedSliceSql(kind, named),
  ),
}));

/** The next locked users of one of the lists. */
export async function listLocked(
  database: PostgresDatabase,
  { isEverywhere, order }: LockedSliceKind,
  values: LockedSliceValues,
): Promise<readonly ListedRow[]> {
  const list = lockedLists.find(
    ({ kind }) => kind.isEverywhere === isEverywhere && kind.order === order,
  );
  if (list === undefined) {
    throw new Error(`no list has the order ${order}`);
  }
  const { rows } = await database.query(...namedCall(list, values));
  return rows as unknown as readonly ListedRow[];
}

const [countOwn, countAll] = [false, true].map((isEverywhere) =>
  namedStatement<LockedNamesValues>(
    `count_locked_names_${isEverywhere ? "everywhere" : "own"}`,
    (named) => countLockedNamesSql(isEverywhere, named),
  ),
);

/** How many login names that lead to nobody are locked. */
export async function countLockedNames(
  database: PostgresDatabase,
  isEverywhere: boolean,
  values: LockedNamesValues,
): Promise<number> {
  const count = isEverywhere ? countAll : countOwn;
  if (count === undefined) {
    throw new Error("there are two counts");
  }
  const { rows } = await database.query(...namedCall(count, values));
  return Number(rows[0]?.["count"]);
}

const users =
  "unnest($1::text[], $2::text[]) WITH ORDINALITY AS u (org_id, user_id, place) JOIN subjects s ON s.org_id = u.org_id AND s.user_id = u.user_id";
const readAliases: Statement = {
  name: "aliases_of_users",
  text: `SELECT u.place, a.name FROM ${users} JOIN aliases a ON a.subject = s.key ORDER BY u.place, a.place`,
};
const readAddresses: Statement = {
  name: "addresses_of_users",
  text: `SELECT u.place, (${lastAddressSql}) AS payload FROM ${users}`,
};

/** Lockouts with the descriptions of their users. */
export async function describeUsers<Lockout extends StoredLockout>(
  database: PostgresDatabase,
  lockouts: readonly Lockout[],
): Promise<readonly Lockout[]> {
  if (lockouts.length === 0) {
    return [];
  }
  const keys = [
    lockouts.map(({ orgId }) => orgId),
    lockouts.map(({ userId }) => userId),
  ];
  const [names, addresses] = await database.use(({ send }) =>
    send([readAliases, ...keys], [readAddresses, ...keys]),
  );
  const aliases = new Map<number, string[]>();
  for (const row of names?.rows ?? []) {
    const place = Number(row["place"]);
    const known = aliases.get(place) ?? [];
    known.push(row["name"] as string);
    aliases.set(place, known);
  }
  const payloads = new Map(
    addresses?.rows.map((row) => [
      Number(row["place"]),
      row["payload"] as string | null,
    ]),
  );
  return lockouts.map((lockout, index) => ({
    ...lockout,
    description: {
      aliases: aliases.get(index + 1) ?? [],
      lastAddress: addressOf(payloads.get(index + 1) ?? null),
    },
  }));
}
