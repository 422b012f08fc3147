import type { Command } from "commander";
import type { Clients } from "../transport/clients.ts";
import { withClients } from "../transport/connection.ts";
import { findOrg } from "./orgs.ts";
import type { OutputFormat } from "../terminal/output.ts";

/** The options of commands on the users of an organisation. */
export interface UserOptions {
  readonly org?: string;
  readonly output: OutputFormat;
}

/** The calls on one organisation. */
export interface OrgClients extends Pick<
  Clients,
  "attempts" | "management" | "users"
> {
  /** As the last argument of each call. */
  readonly on: ReturnType<Clients["on"]>;
}

/** Runs an action on the organisation that a command names. */
export function withOrg<Result>(
  command: Command,
  org: string | undefined,
  action: (clients: OrgClients) => Promise<Result>,
): Promise<Result> {
  return withClients(command, async (clients) => {
    const on = clients.on(await findOrg(clients, org));
    return action({ ...clients, on });
  });
}
