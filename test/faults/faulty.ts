import { Code } from "@connectrpc/connect";
import { expect } from "vitest";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { openDoors } from "../support/protocol-variants.ts";
import type { Answer, Door } from "../support/protocol-variants.ts";
import { findDisorder, readEventLog } from "../support/event-log.ts";
import { startServerProcess } from "../support/server-process.ts";
import type { ServerProcess } from "../support/server-process.ts";

/** A served database that something is done to, and the changes that its server has acknowledged. */
export interface Faulty extends ServerProcess {
  readonly pid: number;
  /** Changes the default policy, each time to a value of its own; says what the change was answered. */
  readonly change: (door: Door) => Promise<Answer>;
  /** Reads the default policy. */
  readonly read: (door: Door) => Promise<Answer>;
  readonly listEvents: (door: Door) => Promise<Answer>;
  /** What a load balancer sees. */
  readonly isReady: () => Promise<boolean>;
  /** Waits until the load balancer sees that: one look at the database tells all that ask within a second. */
  readonly becomesReady: (ready: boolean) => Promise<void>;
  readonly grpc: Door;
  readonly rest: Door;
  /** That the log has each acknowledged change once, and none that was refused. */
  readonly expectExactLog: () => Promise<void>;
}

const token = "the-token-of-the-faults-administrator";

/** @param log where the events before are read, if not in the database */
export async function serveFaulty(
  database: string,
  log = database,
): Promise<Faulty> {
  const server = await startServerProcess(database, token);
  const doors = openDoors(server.url);
  const doorOf = (name: string) => {
    const found = doors.find((door) => door.name === name);
    if (found === undefined) {
      throw new Error(`no door ${name}`);
    }
    return found;
  };
  const isReady = async () => (await fetch(`${server.url}/debug/ready`)).ok;
  const events = await readEventLog(log);
  const acknowledged = new Set<number>();
  const refused = new Set<number>();
  let value = events.length * 1000;
  return {
    ...server,
    pid: server.child.pid ?? 0,
    grpc: doorOf("gRPC"),
    rest: doorOf("REST"),
    change: async (door) => {
      value += 1;
      const mine = value;
      const answer = await door.call(
        AdminService.method.updateLockoutPolicy,
        { maxPasswordAttempts: mine },
        { token },
      );
      (answer.ok ? acknowledged : refused).add(mine);
      return answer;
    },
    read: (door) =>
      door.call(AdminService.method.getLockoutPolicy, {}, { token }),
    listEvents: (door) =>
      door.call(
        AdminService.method.listEvents,
        { asc: true, limit: 1000 },
        { token },
      ),
    isReady,
    becomesReady: (ready) =>
      expect.poll(isReady, { timeout: 10_000 }).toBe(ready),
    expectExactLog: async () => {
      const all = await readEventLog(database);
      expect(findDisorder(all)).toEqual([]);
      const values = all
        .slice(events.length)
        .map(({ payload }) => payload?.["maxPasswordAttempts"]);
      // Those that were made at once are in the order in which they arrived.
      expect(new Set(values)).toEqual(acknowledged);
      expect(values).toHaveLength(acknowledged.size);
      expect(values.filter((one) => refused.has(Number(one)))).toEqual([]);
    },
  };
}

/** The defined answer while the database cannot be used, with what to do about it. */
export const unavailable = {
  ok: false,
  code: Code.Unavailable,
  message: expect.stringContaining("try again") as string,
  details: [{ id: "LOCKOUTD-sto01", message: expect.any(String) as string }],
};
