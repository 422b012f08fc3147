import type { EventStore } from "../../store/events.ts";
import { detailsOfEnds } from "../messages/ends.ts";
import type { About } from "./org-lookups.ts";

/** What is said of the instance. */
export async function instanceFacts(
  store: Pick<EventStore, "findEventEnds">,
  instanceId: string,
  { version, domain }: About,
) {
  return {
    details: detailsOfEnds(await store.findEventEnds("instance", instanceId)),
    ...{ name: "lockoutd", version, domain: domain() },
  };
}
