import { open } from "node:fs/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import type { User } from "../../../gen/lockout/v1/user_service_pb.js";
import { printable } from "../../telemetry/printable.ts";
import { addCommand } from "../options/add-command.ts";
import type { Clients } from "../transport/clients.ts";
import { addConnectionOptions, withClients } from "../transport/connection.ts";
import { describeFailure, OperationError } from "../terminal/failure.ts";
import type { ImportedUser } from "../users/imported-user.ts";
import { findOrg, orgOption } from "../calls/orgs.ts";
import { createProgress } from "../terminal/progress.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { readUserFile } from "../users/user-file.ts";
import type { UserEntry, UserFileFormat } from "../users/user-file.ts";

// So many users are on their way at once: they share transactions.
const inFlight = 128;
// A file of another kind would fill the screen.
const shownErrors = 20;

interface ImportOptions extends Pick<UserFileFormat, "delimiter"> {
  readonly from?: UserFileFormat["from"];
  readonly org?: string;
}

/** What an import has led to. */
interface ImportCounts {
  added: number;
  changed: number;
  unchanged: number;
  failed: number;
}

/** Imports users from NDJSON or CSV: good lines are kept, bad ones are named and counted. */
export function addImportCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(group, "import", "register users from a file")
      .argument("<file>", "the file, or - for standard input")
      .addOption(
        new Option("--from <format>", "how the file is written")
          .choices(["ndjson", "csv"] satisfies UserFileFormat["from"][])
          .default(undefined, "csv where its name ends in .csv, else ndjson"),
      )
      .addOption(
        new Option(
          "--delimiter <character>",
          "between the fields of CSV; \\t is a tab",
        )
          .default(",")
          .argParser(parseDelimiter),
      )
      .addOption(
        orgOption(
          "the organisation of users whose line names none (default: the token's own, at the database the first one)",
        ),
      )
      .addHelpText(
        "after",
        `
Each line is a JSON object, or a record of CSV (RFC 4180) whose header names the
fields. Only the id must be there:
  {"id":"alice","aliases":["alice@example.com","alice"],"state":"active"}

  id,aliases,state
  alice,alice@example.com;alice,active

  id            1 to 200 characters
  organisation  the id of the user's organisation (default: --org)
  aliases       names to log in with; each is one user's in an organisation; in
                CSV separated by semicolons
  state         active (default of new users), initial, inactive or locked

What a line does not name stays as it is, and so does what is empty in CSV. An
empty list or null removes all aliases, as "" does in CSV. A lock stays until
"lockoutd user unlock" ends it. A bad line is named and counted, and the others
are kept: the command then ends with exit code 1. To import a file again is
harmless.

Examples:
  lockoutd user import users.ndjson
  lockoutd user import --delimiter ';' users.csv
  jq -c '.[] | {id, aliases: [.email]}' users.json | lockoutd user import -
  lockoutd user export --org A | jq -c 'del(.organisation)' |
    lockoutd user import --org B -`,
      ),
  ).action(async (file: string, options: ImportOptions, command: Command) => {
    await withClients(command, async (clients) => {
      const { added, changed, unchanged, failed } = await importFile(
        clients,
        file,
        options,
        terminal,
      );
      const total = added + changed + unchanged + failed;
      terminal.out(
        `${added} new, ${changed} changed, ${unchanged} unchanged${failed === 0 ? "" : `, ${failed} wrong`}\n`,
      );
      if (failed > 0) {
        throw new OperationError(
          `${failed} of ${total} users were not imported: correct their lines and import the file again`,
        );
      }
    });
  });
}

function parseDelimiter(text: string): string {
  const delimiter = text === "\\t" ? "\t" : text;
  if (Array.from(delimiter).length !== 1 || /["\r\n]/.test(delimiter)) {
    throw new InvalidArgumentError(
      "Write one character that is no quote, such as , or ; or \\t for a tab.",
    );
  }
  return delimiter;
}

async function importFile(
  clients: Clients,
  file: string,
  { org, delimiter, from = formatOf(file) }: ImportOptions,
  terminal: Terminal,
): Promise<ImportCounts> {
  const importer = createImporter(clients, await findOrg(clients, org));
  const { input, size } = await openInput(file);
  const progress = createProgress("users", size);
  const counts: ImportCounts = {
    ...{ added: 0, changed: 0, unchanged: 0, failed: 0 },
  };
  /** In the order of the file, in which they are told. */
  const running: Promise<() => void>[] = [];

  const tell = (line: number, error: unknown) => {
    // Whoever cannot reach the server need not be told so for each line. Clients wrap what is thrown below them.
    const reason = error instanceof ConnectError ? error.cause : error;
    if (reason instanceof OperationError) {
      throw reason;
    }
    counts.failed += 1;
    if (counts.failed > shownErrors) {
      return;
    }
    progress.clear();
    terminal.err(`line ${line}: ${printable(describeFailure(error))}\n`);
    if (counts.failed === shownErrors) {
      terminal.err("further errors are only counted\n");
    }
  };
  const begin = (entry: UserEntry): Promise<() => void> =>
    ("error" in entry
      ? Promise.reject(entry.error)
      : importer.put(entry.user)
    ).then(
      (outcome) => () => {
        counts[outcome] += 1;
      },
      (error: unknown) => () => {
        tell(entry.line, error);
      },
    );
  const finishFirst = async () => {
    (await running.shift())?.();
    const { added, changed, unchanged, failed } = counts;
    progress.show(added + changed + unchanged + failed, input.bytesRead ?? 0);
  };
  try {
    for await (const entry of readUserFile(input, { from, delimiter })) {
      running.push(begin(entry));
      if (running.length >= inFlight) {
        await finishFirst();
      }
    }
    while (running.length > 0) {
      await finishFirst();
    }
  } finally {
    progress.clear();
  }
  return counts;
}

/**
 * Reads users as they are, and writes what a file says of them, in an organisation where it names none. Writes begin in the order of the calls, as a name may go from one user to
 * another; and a user who comes twice is read again once the first write is done.
 */
function createImporter(
  { users, on: onOrg }: Clients,
  defaultOrg: string | undefined,
) {
  const on = (org: string | undefined) => onOrg(org ?? defaultOrg);
  const lastOf = new Map<string, Promise<unknown>>();
  let begun: Promise<unknown> = Promise.resolve();

  const find = async ({ id, organisation }: ImportedUser) => {
    try {
      return await users.getUser({ userId: id }, on(organisation));
    } catch (error) {
      if (error instanceof ConnectError && error.code === Code.NotFound) {
        return undefined;
      }
      throw error;
    }
  };
  const put = async (
    user: ImportedUser,
    before: Promise<User | undefined>,
    turn: Promise<unknown>,
  ) => {
    const present = await before;
    await turn;
    const { id, organisation, aliases, state } = user;
    if (present !== undefined && isLike(present, user)) {
      return "unchanged";
    }
    const after = await users.putUser(
      {
        userId: id,
        aliases: [...(aliases ?? present?.aliases ?? [])],
        ...(state !== undefined && { state }),
      },
      on(organisation),
    );
    return present === undefined
      ? "added"
      : isLike(present, after)
        ? "unchanged"
        : "changed";
  };
  return {
    put: (user: ImportedUser): Promise<keyof ImportCounts> => {
      const key = JSON.stringify([user.organisation, user.id]);
      const before = settled(lastOf.get(key)).then(() => find(user));
      const turn = begun;
      begun = Promise.all([turn, settled(before)]);
      const done = put(user, before, turn).finally(() => {
        if (lastOf.get(key) === done) {
          lastOf.delete(key);
        }
      });
      lastOf.set(key, done);
      return done;
    },
  };
}

/** Whether a user is already what is wanted of it. */
function isLike(
  present: User,
  { aliases, state }: Partial<Pick<ImportedUser, "aliases" | "state">>,
): boolean {
  return (
    (state === undefined || state === present.state) &&
    (aliases === undefined ||
      JSON.stringify([...aliases].sort()) ===
        JSON.stringify([...present.aliases].sort()))
  );
}

async function settled(promise: Promise<unknown> | undefined): Promise<void> {
  await promise?.catch(() => undefined);
}

function formatOf(file: string): UserFileFormat["from"] {
  return file.toLowerCase().endsWith(".csv") ? "csv" : "ndjson";
}

async function openInput(file: string) {
  if (file === "-") {
    return {
      input: process.stdin as AsyncIterable<Buffer> & { bytesRead?: number },
      size: undefined,
    };
  }
  try {
    const opened = await open(file);
    const status = await opened.stat();
    if (status.isDirectory()) {
      await opened.close();
      throw new OperationError(`${file} is a directory: name a file`);
    }
    return { input: opened.createReadStream(), size: status.size };
  } catch (error) {
    if (error instanceof OperationError) {
      throw error;
    }
    throw new OperationError(
      (error as NodeJS.ErrnoException).code === "ENOENT"
        ? `there is no file ${file}: check the path`
        : `${file} cannot be read (${describeFailure(error)}): check who may read it`,
      { cause: error },
    );
  }
}
