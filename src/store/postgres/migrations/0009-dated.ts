import { dateAfter } from "../../shared/dates.ts";
import { unnamed } from "../database.ts";
import type { Connection } from "../database.ts";
import type { Migration } from "../migrate.ts";

/** So many events are dated at once, each of which is a new row. */
const batchSize = 2000;

const ofPolicy =
  "e.aggregate_id = policies.resource_owner AND e.aggregate_type = policies.owner_kind AND e.resource_owner = policies.resource_owner";

// Events of before get their dates while nodes of the version before append more. Then no more are appended for a moment, in which the last
// ones are dated; what these nodes append later, a trigger dates.
/** A date for each event of before, and for each that is appended without one. */
export const dated: Migration = {
  number: 9,
  name: "dated",
  before: dateSome,
  sql: `
LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE;

CREATE FUNCTION lockoutd_date_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE log_head SET date_micros = greatest(date_micros + 1, NEW.creation_date * 1000) RETURNING date_micros INTO NEW.creation_micros;
  UPDATE policies SET change_micros = NEW.creation_micros,
    creation_micros = CASE creation_micros WHEN 0 THEN NEW.creation_micros ELSE creation_micros END
  WHERE owner_kind = NEW.aggregate_type AND resource_owner = NEW.resource_owner AND sequence = NEW.sequence;
  RETURN NEW;
END
$$;
CREATE TRIGGER date_event BEFORE INSERT ON events FOR EACH ROW
  WHEN (NEW.creation_micros IS NULL) EXECUTE FUNCTION lockoutd_date_event();
`,
  run: async (connection) => {
    while (await dateSome(connection)) {}
    await connection.send(
      [
        unnamed(
          "UPDATE log_head SET date_micros = coalesce((SELECT creation_micros FROM events ORDER BY position DESC LIMIT 1), 0)",
        ),
      ],
      [
        unnamed(
          `UPDATE policies SET
             creation_micros = coalesce((
               SELECT e.creation_micros FROM events e
               WHERE ${ofPolicy} AND e.type = policies.owner_kind || '.policy.lockout.added'
               ORDER BY e.sequence DESC LIMIT 1), policies.creation_date * 1000),
             change_micros = coalesce((
               SELECT e.creation_micros FROM events e WHERE ${ofPolicy} AND e.sequence = policies.sequence),
               policies.change_date * 1000)`,
        ),
      ],
    );
  },
};

/** Dates the next events that have no date, in the order of the log; says whether there may be more. */
async function dateSome({ send }: Connection): Promise<boolean> {
  const [dated] = await send([
    unnamed(
      "SELECT position, creation_micros FROM events WHERE creation_micros IS NOT NULL ORDER BY position DESC LIMIT 1",
    ),
  ]);
  const last = dated?.rows[0];
  const [read] = await send([
    unnamed(
      `SELECT position, creation_date FROM events WHERE position > $1 ORDER BY position LIMIT ${batchSize}`,
    ),
    Number(last?.["position"] ?? 0),
  ]);
  const rows = read?.rows ?? [];
  if (rows.length === 0) {
    return false;
  }
  let date = Number(last?.["creation_micros"] ?? 0);
  const dates = rows.map((row) => {
    date = dateAfter(date, Number(row["creation_date"]));
    return date;
  });
  await send([
    unnamed(
      `UPDATE events SET creation_micros = d.micros FROM unnest($1::bigint[], $2::bigint[]) AS d (position, micros)
       WHERE events.position = d.position`,
    ),
    rows.map((row) => Number(row["position"])),
    dates,
  ]);
  return rows.length === batchSize;
}
