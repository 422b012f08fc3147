import type { Command } from "commander";
import { addCommand } from "../add-command.ts";
import { addConnectionOptions, withBackend } from "../connection.ts";
import { outputOption, toJsonText, toTable, toTime } from "../output.ts";
import type { OutputFormat } from "../output.ts";
import type { Terminal } from "../terminal.ts";
import type { Org } from "../../store/store.ts";
import { parseOrgName } from "../values.ts";

interface OrgOptions {
  readonly output: OutputFormat;
}

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
    const org = await withBackend(command, (backend) =>
      backend.createOrg(name),
    );
    if (output === "json") {
      terminal.out(toJsonText(orgJson(org)));
      return;
    }
    terminal.out(`${org.id}\n`);
    terminal.err(
      `Created. For a token of its own: lockoutd token create --org ${org.id} --role ORG_OWNER\n`,
    );
  });

  addConnectionOptions(
    addCommand(group, "list", "list the organisations, oldest first").addOption(
      outputOption(),
    ),
  ).action(async ({ output }: OrgOptions, command: Command) => {
    const orgs = await withBackend(command, (backend) => backend.listOrgs());
    terminal.out(
      output === "json" ? toJsonText(orgs.map(orgJson)) : orgTable(orgs),
    );
  });
}

function orgJson({ id, name, creationDate }: Org) {
  return { id, name, creationDate: toTime(creationDate) };
}

function orgTable(orgs: readonly Org[]): string {
  return toTable(
    ["ID", "CREATED", "NAME"],
    orgs.map(({ id, name, creationDate }) => [id, toTime(creationDate), name]),
  );
}
