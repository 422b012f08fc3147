import type { Client } from "@connectrpc/connect";
import type { AdminService } from "../../gen/zitadel/admin_pb.js";

/** What the events of a user say of the time between two resets: a success, or an unlock. */
export interface Period {
  /** Comparisons that counted, or were accepted at its end. */
  readonly compared: number;
  readonly end: "succeeded" | "unlocked" | "none";
}

/** The periods of a user in order, by all events that the instance has of that id. */
export async function readPeriods(
  admin: Client<typeof AdminService>,
  headers: Record<string, string>,
  userId: string,
): Promise<readonly Period[]> {
  const types: string[] = [];
  for (let sequence = 0n; ;) {
    const { events } = await admin.listEvents(
      { aggregateId: userId, asc: true, limit: 500, sequence },
      { headers },
    );
    types.push(...events.map(({ type }) => type?.type ?? ""));
    const last = events.at(-1);
    if (last === undefined) {
      break;
    }
    sequence = last.sequence;
  }
  const periods: Period[] = [];
  let compared = 0;
  for (const type of types) {
    if (type.endsWith(".check.failed")) {
      compared += 1;
    }
    const succeeded = type.endsWith(".check.succeeded");
    if (!succeeded && type !== "user.unlocked") {
      continue;
    }
    periods.push({
      compared: succeeded ? compared + 1 : compared,
      end: succeeded ? "succeeded" : "unlocked",
    });
    compared = 0;
  }
  return [...periods, { compared, end: "none" }];
}
