import type { NewId } from "../ids.ts";
import type { Call } from "./pipeline.ts";
import type { Change } from "./recorder.ts";

const maxTries = 1000;

/** Inserts with new ids until one was free: `insert` does nothing where the id is taken. A server and a tool may make the same one. */
export async function withFreeId(
  newId: NewId,
  { send }: Pick<Change, "send">,
  insert: (id: string) => Call,
): Promise<string> {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const id = newId();
    const [result] = await send(insert(id));
    if (result !== undefined && result.count > 0) {
      return id;
    }
  }
  throw new Error(`none of ${maxTries} new ids was free`);
}
