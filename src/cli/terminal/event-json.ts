import type { Event } from "../../../gen/zitadel/event_pb.js";
import { requiredDate } from "./times.ts";

/** An event as `--output json` has it. */
export type EventJson = ReturnType<typeof eventJson>;

/** An event as `--output json` has it. */
export function eventJson({ aggregate, ...event }: Event) {
  return {
    creationDate: requiredDate(event.creationDate),
    type: event.type?.type ?? "",
    aggregate: { type: aggregate?.type?.type ?? "", id: aggregate?.id ?? "" },
    sequence: Number(event.sequence),
    resourceOwner: aggregate?.resourceOwner ?? "",
    editor: event.editor?.userId ?? "",
    editorName: event.editor?.displayName ?? "",
    payload: event.payload ?? null,
  };
}
