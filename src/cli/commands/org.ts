import type { Command } from "commander";
import type { Organization } from "../../../gen/lockout/v1/access_service_pb.js";
import { addCommand } from "../options/add-command.ts";
import type { Clients } from "../transport/clients.ts";
import { addConnectionOptions, withClients } from "../transport/connection.ts";
import { OperationError } from "../terminal/failure.ts";
import { outputOption, toJsonText, toTable } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import { listOrgs } from "../calls/orgs.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { requiredTime } from "../terminal/times.ts";
import { parseId, parseOrgName } from "../options/values.ts";

interface OrgOptions {
  readonly output: OutputFormat;
}

interface CreateOptions extends OrgOptions {
  readonly allowDuplicate: boolean;
}

/** Adds `lockoutd org` and its commands. */
export function addOrgCommand(program: Command, terminal: Terminal): void {
  const group = addCommand(
    program,
    "org",
    "create, list and remove organisations",
  );

  addConnectionOptions(
    addCommand(group, "create", "create an organisation; prints its id")
      .argument("<name>", "its name", parseOrgName)
      .option(
        "--allow-duplicate",
        "also where an organisation has this name already: from then on only ids tell them apart",
        false,
      )
      .addOption(outputOption())
      .addHelpText(
        "after",
        `
Example:
  ORG=$(lockoutd org create "Example Ltd")`,
      ),
  ).action(
    async (
      name: string,
      { output, allowDuplicate }: CreateOptions,
      command: Command,
    ) => {
      const org = await withClients(command, async (clients) => {
        if (!allowDuplicate) {
          await refuseKnownName(clients, name);
        }
        return clients.access.createOrganization({ name });
      });
      if (output === "json") {
        terminal.out(toJsonText(orgJson(org)));
        return;
      }
      terminal.out(`${org.organizationId}\n`);
      terminal.err(
        `Created. For a token of its own: lockoutd token create --org ${org.organizationId} --role ORG_OWNER\n`,
      );
    },
  );

  addConnectionOptions(
    addCommand(group, "list", "list the organisations, oldest first").addOption(
      outputOption(),
    ),
  ).action(async ({ output }: OrgOptions, command: Command) => {
    const orgs = await withClients(command, listOrgs);
    terminal.out(
      output === "json" ? toJsonText(orgs.map(orgJson)) : orgTable(orgs),
    );
  });

  addConnectionOptions(
    addCommand(
      group,
      "remove",
      "remove an organisation with its users, service accounts, tokens, policy and hooks; the events stay",
    )
      .argument("<id>", 'its id, as "lockoutd org list" shows it', parseId)
      .addHelpText(
        "after",
        `
Nobody calls by its tokens, keys and secrets any more, at once. There is no way
back but a backup. The first organisation cannot be removed.

Example:
  lockoutd org remove 397114861402619904`,
      ),
  ).action(async (orgId: string, _options: unknown, command: Command) => {
    await withClients(command, ({ admin }) => admin.removeOrg({ orgId }));
    terminal.err(`Removed ${orgId}.\n`);
  });
}

/** A script that is run twice makes no second organisation. @throws OperationError */
async function refuseKnownName(clients: Clients, name: string): Promise<void> {
  const ids = (await listOrgs(clients))
    .filter((org) => org.name === name)
    .map(({ organizationId }) => organizationId);
  if (ids.length > 0) {
    throw new OperationError(
      `the name "${name}" is that of the organisation ${ids.join(", ")} already: choose another one, or add --allow-duplicate`,
    );
  }
}

function orgJson({ organizationId, name, createTime }: Organization) {
  return { id: organizationId, name, creationDate: requiredTime(createTime) };
}

function orgTable(orgs: readonly Organization[]): string {
  return toTable(
    ["ID", "CREATED", "NAME"],
    orgs
      .map(orgJson)
      .map(({ id, creationDate, name }) => [id, creationDate, name]),
  );
}
