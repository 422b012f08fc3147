import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { ConnectError } from "@connectrpc/connect";
import type { Command } from "commander";
import { UserState } from "../../../gen/lockout/v1/user_service_pb.js";
import { addCommand } from "../add-command.ts";
import { addConnectionOptions, withClients } from "../connection.ts";
import { describeFailure, OperationError } from "../failure.ts";
import { createProgress } from "../progress.ts";
import { printable } from "../../telemetry/printable.ts";
import type { Terminal } from "../terminal.ts";
import type { Clients } from "../clients.ts";

// So many users are on their way at once: they share transactions.
const inFlight = 128;
// A file of another kind would fill the screen.
const shownErrors = 20;

const states: Readonly<Record<string, UserState>> = {
  active: UserState.ACTIVE,
  initial: UserState.INITIAL,
  inactive: UserState.INACTIVE,
  locked: UserState.LOCKED,
};

/** One line of the file. */
interface ImportedUser {
  readonly id: string;
  readonly organisation: string | undefined;
  readonly aliases: string[];
  readonly state: UserState;
}

/** Imports users from NDJSON: good lines are kept, bad ones are named and counted. */
export function addImportCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(group, "import", "register users from a file of JSON lines")
      .argument("<file>", "the file, or - for standard input")
      .addHelpText(
        "after",
        `
Each line is a JSON object, and only the id must be there:
  {"id":"alice","organisation":"397114861402619904","aliases":["alice@example.com"],"state":"active"}

  id            1 to 200 characters
  organisation  its id (default: the token's own, at the database the first one)
  aliases       names to log in with; one belongs to one user of an organisation
  state         active (default), initial, inactive or locked

A user who is there already gets the line's aliases and state; a lock stays until
"lockoutd user unlock" ends it. A bad line is named and counted, and the others are
kept: the command then ends with exit code 1. To import a file again is harmless.

Examples:
  lockoutd user import users.ndjson
  jq -c '.[] | {id, aliases: [.email]}' users.json | lockoutd user import -`,
      ),
  ).action(async (file: string, _options: object, command: Command) => {
    await withClients(command, async (clients) => {
      const { imported, failed } = await importFile(clients, file, terminal);
      terminal.out(
        `${imported} imported, ${failed} ${failed === 1 ? "line is" : "lines are"} wrong\n`,
      );
      if (failed > 0) {
        throw new OperationError(
          `${failed} of ${imported + failed} lines were not imported: correct them and import the file again`,
        );
      }
    });
  });
}

async function importFile(
  clients: Clients,
  file: string,
  terminal: Terminal,
): Promise<{ readonly imported: number; readonly failed: number }> {
  const { input, size } = await openInput(file);
  const progress = createProgress("users", size);
  let imported = 0;
  let failed = 0;
  let number = 0;
  let unreachable: OperationError | undefined;
  const running = new Set<Promise<void>>();

  const importLine = async (line: string, lineNumber: number) => {
    try {
      const user = readUser(line);
      await clients.users.putUser(
        { userId: user.id, aliases: user.aliases, state: user.state },
        clients.on(user.organisation),
      );
      imported += 1;
    } catch (error) {
      // Whoever cannot reach the server need not be told so for each line. Clients wrap what is thrown below them.
      const reason = error instanceof ConnectError ? error.cause : error;
      if (reason instanceof OperationError) {
        unreachable ??= reason;
        return;
      }
      failed += 1;
      if (failed > shownErrors) {
        return;
      }
      progress.clear();
      terminal.err(
        `line ${lineNumber}: ${printable(describeFailure(error))}\n`,
      );
      if (failed === shownErrors) {
        terminal.err("further errors are only counted\n");
      }
    }
  };
  try {
    for await (const line of createInterface({ input })) {
      if (unreachable !== undefined) {
        break;
      }
      number += 1;
      if (line.trim() === "") {
        continue;
      }
      const done = importLine(line, number).finally(() => {
        running.delete(done);
        progress.show(imported + failed, input.bytesRead ?? 0);
      });
      running.add(done);
      if (running.size >= inFlight) {
        await Promise.race(running);
      }
    }
    await Promise.all(running);
  } finally {
    progress.clear();
  }
  if (unreachable !== undefined) {
    throw unreachable;
  }
  return { imported, failed };
}

async function openInput(file: string) {
  if (file === "-") {
    return {
      input: process.stdin as NodeJS.ReadableStream & { bytesRead?: number },
      size: undefined,
    };
  }
  try {
    const { size } = await stat(file);
    return { input: createReadStream(file), size };
  } catch (error) {
    throw new OperationError(
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

function readUser(line: string): ImportedUser {
  const value: unknown = parseLine(line);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error("a line is a JSON object");
  }
  const known = new Set(["id", "organisation", "aliases", "state"]);
  const fields = new Map(Object.entries(value as Record<string, unknown>));
  for (const name of fields.keys()) {
    if (!known.has(name)) {
      throw new Error(
        `the field "${name}" is unknown: id, organisation, aliases and state are known`,
      );
    }
  }
  const id = fields.get("id");
  const organisation = fields.get("organisation");
  const aliases = fields.get("aliases") ?? [];
  const state = fields.get("state") ?? "active";
  if (!isText(id)) {
    throw new Error('"id" is a text in UTF-8');
  }
  if (organisation !== undefined && !isText(organisation)) {
    throw new Error('"organisation" is a text in UTF-8');
  }
  if (!isTexts(aliases)) {
    throw new Error('"aliases" is a list of texts in UTF-8');
  }
  const number = typeof state === "string" ? readState(state) : undefined;
  if (number === undefined) {
    throw new Error(`"state" is one of ${Object.keys(states).join(", ")}`);
  }
  return { id, organisation, aliases, state: number };
}

/** Also as `user list --output json` shows it. */
function readState(text: string): UserState | undefined {
  return states[text.toLowerCase().replace(/^user_state_/, "")];
}

function parseLine(line: string): unknown {
  try {
    // Some programs begin a file with a byte order mark.
    return JSON.parse(line.replace(/^\ufeff/, ""));
  } catch (error) {
    throw new Error("the line is not JSON", { cause: error });
  }
}

/** What was written in another encoding is read with replacements, by which two names become one. */
function isText(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value.isWellFormed() &&
    !value.includes("\ufffd")
  );
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText);
}
