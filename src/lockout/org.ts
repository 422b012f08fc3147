import { LockoutError } from "./errors/errors.ts";
import type { NewEvent } from "./events/event.ts";

/** Gives an organisation another name. @param before the name that it has @throws LockoutError where it is the same */
export function renameOrg(before: string, name: string): NewEvent {
  if (name === before) {
    throw new LockoutError("organizationNotChanged");
  }
  return { type: "org.changed", payload: { name } };
}
