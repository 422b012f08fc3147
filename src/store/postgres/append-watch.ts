import type { Client } from "pg";
import { StoreUnavailableError } from "../store.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Statement } from "./pipeline.ts";

const channel = "lockoutd_events";

/** Tells other nodes of new events. */
export const notify: Statement = {
  name: "notify",
  text: `SELECT pg_notify('${channel}', '')`,
};

/** Whether nodes can tell each other of new events: not every engine of this protocol has LISTEN. */
export async function canNotify(database: PostgresDatabase): Promise<boolean> {
  const client = await database.connectAlone();
  try {
    await client.query(`LISTEN ${channel}`);
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Tells listeners that events were appended, by this node or another. */
export interface AppendWatch {
  /** Tells the listeners: this node has appended events. */
  tell(): void;
  /** Returns what ends it. */
  listen(listener: () => void): () => void;
  close(): Promise<void>;
}

/** How often the database is polled for events of other nodes, in milliseconds, while there is a listener: with NOTIFY, and without. */
const pollMs = { told: 2000, untold: 250 };

/**
 * Tells listeners of new events: at once of this node's own; of other nodes' by LISTEN, on a connection of its own, and
 * by polling where there is no LISTEN, or its connection broke.
 */
export function createAppendWatch(
  database: PostgresDatabase,
  lastPosition: () => Promise<number>,
  notifies: boolean,
): AppendWatch {
  const listeners = new Set<() => void>();
  let seen = 0;
  let client: Client | undefined;
  let connecting = false;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const tell = () => {
    for (const listener of [...listeners]) {
      listener();
    }
  };
  const look = async () => {
    const last = await lastPosition();
    if (last === seen) {
      return;
    }
    seen = last;
    tell();
  };
  const connect = async () => {
    if (!notifies || connecting || client !== undefined) {
      return;
    }
    connecting = true;
    try {
      const fresh = await database.connectAlone();
      fresh.on("notification", tell);
      fresh.on("end", () => {
        if (client === fresh) {
          client = undefined;
        }
      });
      await fresh.query(`LISTEN ${channel}`);
      client = fresh;
      // There were no notifications between the last poll and now.
      await look();
    } finally {
      connecting = false;
      if (closed || listeners.size === 0) {
        await disconnect();
      }
    }
  };
  const disconnect = async () => {
    const old = client;
    client = undefined;
    await old?.end().catch(() => undefined);
  };
  const poll = () => {
    timer = setTimeout(
      () => {
        // The database is away: the next look may find it again.
        void Promise.allSettled([connect(), look()]).then(() => {
          if (timer !== undefined) {
            poll();
          }
        });
      },
      client === undefined ? pollMs.untold : pollMs.told,
    ).unref();
  };
  const stop = async () => {
    clearTimeout(timer);
    timer = undefined;
    await disconnect();
  };
  return {
    tell,
    listen: (listener) => {
      if (closed) {
        throw new StoreUnavailableError("the store is closed");
      }
      // Each call has an entry of its own, though two may give the same function.
      const entry = () => {
        listener();
      };
      listeners.add(entry);
      if (timer === undefined) {
        poll();
        connect().catch(() => undefined);
      }
      return () => {
        listeners.delete(entry);
        if (listeners.size === 0) {
          void stop();
        }
      };
    },
    close: async () => {
      closed = true;
      listeners.clear();
      await stop();
    },
  };
}
