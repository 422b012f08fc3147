import type { Command } from "commander";
import type { Organization } from "../../../gen/lockout/v1/access_service_pb.js";
import { addCommand } from "../add-command.ts";
import { addConnectionOptions, withClients } from "../connection.ts";
import { outputOption, toJsonText, toTable } from "../output.ts";
import type { OutputFormat } from "../output.ts";
import { listOrgs } from "../orgs.ts";
import type { Terminal } from "../terminal.ts";
import { requiredTime } from "../times.ts";
import { parseOrgName } from "../values.ts";

interface OrgOptions {
  readonly output: OutputFormat;
}

/** Adds `lockoutd org` and its commands. */
export function addOrgCommand(program: Command, terminal: Terminal): void {
  const group = addCommand(program, "org", "create and list organisations");

  addConnectionOptions(
    addCommand(group, "create", "create an organisation; prints its id")
      .argument("<name>", "its name", parseOrgName)
      .addOption(outputOption())
      .addHelpText(
        "after",
        `
Example:
  ORG=$(lockoutd org create "Example Ltd")`,
      ),
  ).action(async (name: string, { output }: OrgOptions, command: Command) => {
    const org = await withClients(command, ({ access }) =>
      access.createOrganization({ name }),
    );
    if (output === "json") {
      terminal.out(toJsonText(orgJson(org)));
      return;
    }
    terminal.out(`${org.organizationId}\n`);
    terminal.err(
      `Created. For a token of its own: lockoutd token create --org ${org.organizationId} --role ORG_OWNER\n`,
    );
  });

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
