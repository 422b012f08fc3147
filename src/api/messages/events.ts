import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import type { EventSchema } from "../../../gen/zitadel/event_pb.js";
import type { RecordedEvent } from "../../store/events.ts";
import { timestampFromMicros } from "./moment.ts";

/**
 * An event as ZITADEL's message shows it.
 *
 * @param editorName of the token that made the change, where it is known
 */
export function eventMessage(
  event: RecordedEvent,
  editorName: string | undefined,
): MessageInitShape<typeof EventSchema> {
  // Flat, and read from JSON: only that its lists are not to be changed differs.
  const payload = event.payload as JsonObject | undefined;
  return {
    editor: {
      userId: event.editor,
      service: "lockoutd",
      ...(editorName !== undefined && { displayName: editorName }),
    },
    aggregate: {
      id: event.aggregateId,
      type: { type: event.aggregateType },
      resourceOwner: event.resourceOwner,
    },
    sequence: BigInt(event.sequence),
    creationDate: timestampFromMicros(event.creationMicros),
    type: { type: event.type },
    ...(payload !== undefined && { payload }),
  };
}
