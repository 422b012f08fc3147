import { withoutPerson } from "../../lockout/events/event.ts";
import type { EventPayload } from "../../lockout/events/event.ts";
import type { Erased } from "../events.ts";

/** So many events are looked at, and perhaps written, at once: some milliseconds. */
export const eraseSlice = 100;

/** An event of a user who is to be forgotten. */
export interface ErasableRow {
  readonly position: number;
  readonly sequence: number;
  readonly payload: string | null;
}

/** The events whose payloads say something of the person, with what is left of these. */
export function erasedRows(
  rows: readonly ErasableRow[],
): readonly Pick<ErasableRow, "position" | "payload">[] {
  return rows.flatMap(({ position, payload: text }) => {
    const payload =
      text === null ? undefined : (JSON.parse(text) as EventPayload);
    const rest = withoutPerson(payload);
    return rest === payload
      ? []
      : [
          {
            position,
            payload: rest === undefined ? null : JSON.stringify(rest),
          },
        ];
  });
}

/** What a slice comes to that has read these events and written so many. */
export function erased(rows: readonly ErasableRow[], count: number): Erased {
  return {
    count,
    last: rows.length < eraseSlice ? undefined : rows.at(-1)?.sequence,
  };
}
