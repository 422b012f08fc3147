import type { Command } from "commander";
import { nearest } from "./nearest.ts";

const prefix = "LOCKOUTD_";

/** Those that are read where no flag has them. */
const ownVariables: ReadonlySet<string> = new Set([
  "LOCKOUTD_ADMIN_TOKEN",
  "LOCKOUTD_MASTERKEY",
]);

/** Those that the examples of clients read, and the tests: not meant for this program. */
const clientVariables: ReadonlySet<string> = new Set([
  ...["LOCKOUTD_ADDRESS", "LOCKOUTD_APPLICATION_FILE", "LOCKOUTD_CLIENT_ID"],
  ...["LOCKOUTD_CLIENT_SECRET", "LOCKOUTD_INSTANCE_ID", "LOCKOUTD_KEY_FILE"],
  ...["LOCKOUTD_ORG_ID", "LOCKOUTD_TERRAFORM_PROVIDER", "LOCKOUTD_URL"],
  "LOCKOUTD_USER_ID",
]);

/** Kubernetes gives these to every container beside a service whose name begins with `lockoutd`. */
const ofKubernetes =
  /^LOCKOUTD_(?:.+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_.+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:ADDR|PORT|PROTO))?)?)$/;

/**
 * Warnings of variables that are named like ours and do nothing: a slip in one would leave a setting as it is by default.
 *
 * @param program with all commands, whose flags have the variables
 */
export function warnOfVariables(
  program: Command,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const known = new Set([...ownVariables, ...variablesOf(program)]);
  return Object.keys(environment)
    .filter(
      (name) =>
        name.startsWith(prefix) &&
        !known.has(name) &&
        !clientVariables.has(name) &&
        !ofKubernetes.test(name),
    )
    .map((name) => {
      const meant = nearest(name, known);
      const hint = meant === undefined ? "" : `: did you mean ${meant}?`;
      return `the variable ${name} is unknown, and does nothing${hint}`;
    });
}

function variablesOf(command: Command): readonly string[] {
  return [
    ...command.options.flatMap(({ envVar }) => envVar ?? []),
    ...command.commands.flatMap(variablesOf),
  ];
}
