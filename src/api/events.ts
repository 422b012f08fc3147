import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { EventSchema } from "../../gen/zitadel/event_pb.js";
import type { RecordedEvent } from "../store/events.ts";

/** An event as ZITADEL's message shows it. */
export function eventMessage(
  event: RecordedEvent,
): MessageInitShape<typeof EventSchema> {
  // Flat, and read from JSON: only that its lists are not to be changed differs.
  const payload = event.payload as JsonObject | undefined;
  return {
    editor: { userId: event.editor, service: "lockoutd" },
    aggregate: {
      id: event.aggregateId,
      type: { type: event.aggregateType },
      resourceOwner: event.resourceOwner,
    },
    sequence: BigInt(event.sequence),
    creationDate: timestampFromMs(event.creationDate),
    type: { type: event.type },
    ...(payload !== undefined && { payload }),
  };
}
