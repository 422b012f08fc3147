import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Event } from "../../../gen/zitadel/event_pb.js";

/** The events of storms of locks. */
export const stormEvents = {
  began: "org.lockout.storm.began",
  ended: "org.lockout.storm.ended",
} as const;

/** A storm that is under way. */
export interface Storm {
  readonly orgId: string;
  readonly began: Event;
}

/** The storms that are under way by these events, in any order: those of organisations whose last one says that one began. */
export function stormsOf(events: readonly Event[]): readonly Storm[] {
  const timeOf = ({ creationDate }: Event) =>
    creationDate === undefined ? 0 : timestampMs(creationDate);
  const types: readonly string[] = Object.values(stormEvents);
  const last = new Map<string, Event>();
  for (const event of events) {
    const orgId = event.aggregate?.resourceOwner ?? "";
    const known = last.get(orgId);
    const isNewer = known === undefined || timeOf(known) < timeOf(event);
    if (types.includes(event.type?.type ?? "") && isNewer) {
      last.set(orgId, event);
    }
  }
  return [...last]
    .filter(([, { type }]) => type?.type === stormEvents.began)
    .map(([orgId, began]) => ({ orgId, began }));
}
