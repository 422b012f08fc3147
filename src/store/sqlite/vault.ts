import type { Database } from "better-sqlite3";
import { keysChanged } from "../../lockout/events/access-events.ts";
import type { EventTable } from "../commands/tables.ts";
import type { Clock } from "../ids.ts";
import type { KeyChange, SealedSigningKey } from "../vault.ts";
import type { Instances } from "./instance.ts";

/** The installation's keys. */
export interface VaultTable {
  find(): Uint8Array | undefined;
  /** Inside a transaction. */
  add(dataKey: Uint8Array): Uint8Array;
  /** Inside a transaction. */
  replace(
    before: Uint8Array,
    dataKey: Uint8Array,
    change: KeyChange,
  ): Uint8Array;
  listSigning(): readonly SealedSigningKey[];
  /** Inside a transaction. */
  addSigning(key: SealedSigningKey): void;
}

/** Prepares the statements of {@link VaultTable}. */
export function prepareVault(
  database: Database,
  events: EventTable,
  instances: Instances,
  now: Clock,
): VaultTable {
  const find = database
    .prepare<[], Buffer>("SELECT data_key FROM vault")
    .pluck();
  const insert = database.prepare<[Uint8Array]>(
    "INSERT INTO vault (only_one, data_key) VALUES (1, ?) ON CONFLICT DO NOTHING",
  );
  const update = database.prepare<[Uint8Array, Uint8Array]>(
    "UPDATE vault SET data_key = ? WHERE data_key = ?",
  );
  const listSigning = database.prepare<[], SealedSigningKey>(
    "SELECT id, private_key AS privateKey, end_date AS endDate FROM signing_keys ORDER BY id",
  );
  const insertSigning = database.prepare<[string, Uint8Array, number]>(
    "INSERT INTO signing_keys (id, private_key, end_date) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const removeSigning = database.prepare<[number]>(
    "DELETE FROM signing_keys WHERE end_date <= ?",
  );
  const get = () => {
    const found = find.get();
    if (found === undefined) {
      throw new Error("the installation's key is missing");
    }
    return found;
  };
  return {
    find: () => find.get(),
    add: (dataKey) => {
      insert.run(dataKey);
      return get();
    },
    replace: (before, dataKey, change) => {
      const instance = instances.find();
      const { changes } = update.run(dataKey, before);
      // A first start that was broken off left a key, but no instance.
      if (changes > 0 && instance !== undefined) {
        const { id } = instance;
        events.append(
          { type: "instance", id, resourceOwner: id },
          "SYSTEM",
          keysChanged(change),
          now(),
        );
      }
      return get();
    },
    listSigning: () => listSigning.all(),
    addSigning: ({ id, privateKey, endDate }) => {
      removeSigning.run(now());
      insertSigning.run(id, privateKey, endDate);
    },
  };
}
