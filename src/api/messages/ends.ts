import type { EventEnds } from "../../store/events.ts";
import { timestampFromMicros } from "./moment.ts";

/** `details` of what these events are about. */
export function detailsOfEnds({ first, last }: EventEnds) {
  return {
    sequence: BigInt(last?.sequence ?? 0),
    ...(first !== undefined && {
      creationDate: timestampFromMicros(first.creationMicros),
    }),
    ...(last !== undefined && {
      changeDate: timestampFromMicros(last.creationMicros),
      resourceOwner: last.resourceOwner,
    }),
  };
}
