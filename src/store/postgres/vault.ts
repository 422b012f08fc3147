import { keysChanged } from "../../lockout/events/access-events.ts";
import type { VaultStore } from "../vault.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Instances } from "./instance.ts";
import type { Statement } from "./pipeline.ts";
import type { Recorder } from "./recorder.ts";

const find: Statement = {
  name: "find_data_key",
  text: "SELECT data_key FROM vault",
};
const insert: Statement = {
  name: "insert_data_key",
  text: "INSERT INTO vault (only_one, data_key) VALUES (1, $1) ON CONFLICT DO NOTHING",
};
const update: Statement = {
  name: "update_data_key",
  text: "UPDATE vault SET data_key = $1 WHERE data_key = $2",
};

const listSigning: Statement = {
  name: "list_signing_keys",
  text: "SELECT id, private_key, end_date FROM signing_keys ORDER BY id",
};
const insertSigning: Statement = {
  name: "insert_signing_key",
  text: "INSERT INTO signing_keys (id, private_key, end_date) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
};
const removeSigning: Statement = {
  name: "remove_signing_keys",
  text: "DELETE FROM signing_keys WHERE end_date <= $1",
};

/** The installation's keys. @param readTime the time of changes */
export function createVaultStore(
  database: PostgresDatabase,
  recorder: Recorder,
  instances: Pick<Instances, "findInstance">,
  readTime: () => Promise<number>,
): VaultStore {
  const findDataKey = async () => {
    const { rows } = await database.query(find);
    return rows[0]?.["data_key"] as Buffer | undefined;
  };
  const get = async () => {
    const found = await findDataKey();
    if (found === undefined) {
      throw new Error("the installation's key is missing");
    }
    return found;
  };
  return {
    findDataKey,
    addDataKey: async (dataKey) => {
      await database.query(insert, dataKey);
      return get();
    },
    replaceDataKey: async (before, dataKey, change) => {
      const instance = await instances.findInstance();
      // A first start that was broken off left a key, but no instance.
      if (instance === undefined) {
        await database.query(update, dataKey, before);
        return get();
      }
      const { id } = instance;
      const time = await readTime();
      await recorder.record("SYSTEM", time, async ({ send, append }) => {
        const [result] = await send([update, dataKey, before]);
        if (result !== undefined && result.count > 0) {
          append(
            { type: "instance", id, resourceOwner: id },
            keysChanged(change),
          );
        }
      });
      return get();
    },
    listSigningKeys: async () => {
      const { rows } = await database.query(listSigning);
      return rows.map((row) => ({
        id: String(row["id"]),
        privateKey: row["private_key"] as Buffer,
        endDate: Number(row["end_date"]),
      }));
    },
    addSigningKey: async ({ id, privateKey, endDate }) => {
      await database.query(removeSigning, await readTime());
      await database.query(insertSigning, id, privateKey, endDate);
    },
  };
}
