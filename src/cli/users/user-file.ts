import { CsvRecord } from "./csv.ts";
import type { Cell } from "./csv.ts";
import { OperationError } from "../terminal/failure.ts";
import { readCsvHeader, readJsonUser } from "./imported-user.ts";
import type { ImportedUser } from "./imported-user.ts";
import { readLines } from "./lines.ts";
import type { Line } from "./lines.ts";

/** How a file of users is written. */
export interface UserFileFormat {
  readonly from: "ndjson" | "csv";
  /** Between the fields of CSV. */
  readonly delimiter: string;
}

/** What a file has of a user, or why it cannot be read. */
export type UserEntry = {
  /** The line at which it begins, from 1. */
  readonly line: number;
} & ({ readonly user: ImportedUser } | { readonly error: Error });

/** No user has more: 100 aliases of 200 characters, each written as two escapes, have 240 kB. */
const maxEntryBytes = 1024 * 1024;

/** Reads the users of a file, in its order. @throws OperationError where the header of CSV is wrong */
export function readUserFile(
  chunks: AsyncIterable<Uint8Array>,
  { from, delimiter }: UserFileFormat,
): AsyncGenerator<UserEntry> {
  const lines = readLines(chunks, maxEntryBytes);
  return from === "csv" ? readCsv(lines, delimiter) : readNdjson(lines);
}

async function* readNdjson(
  lines: AsyncIterable<Line>,
): AsyncGenerator<UserEntry> {
  for await (const line of lines) {
    const { text } = line;
    if (text?.trim() !== "") {
      yield entry(line.number, () => readJsonUser(textOf(line)));
    }
  }
}

async function* readCsv(
  lines: AsyncIterable<Line>,
  delimiter: string,
): AsyncGenerator<UserEntry> {
  let readUser: ((record: readonly Cell[]) => ImportedUser) | undefined;
  for await (const { number, cells } of readRecords(lines, delimiter)) {
    if (readUser === undefined) {
      try {
        readUser = readCsvHeader(cells());
      } catch (error) {
        throw new OperationError(
          `line ${number} is not the header of a file of users: ${error instanceof Error ? error.message : String(error)}`,
          { cause: error },
        );
      }
    } else {
      const read = readUser;
      yield entry(number, () => read(cells()));
    }
  }
}

interface CsvEntry {
  readonly number: number;
  /** Throws Error where the record is malformed. */
  readonly cells: () => readonly Cell[];
}

async function* readRecords(
  lines: AsyncIterable<Line>,
  delimiter: string,
): AsyncGenerator<CsvEntry> {
  const begin = (number: number) => ({
    number,
    record: new CsvRecord(delimiter),
    length: 0,
  });
  let open: ReturnType<typeof begin> | undefined;
  for await (const line of lines) {
    if (open === undefined && line.text === "") {
      continue;
    }
    open ??= begin(line.number);
    const { number, record } = open;
    try {
      const text = textOf(line);
      open.length += text.length;
      if (open.length > maxEntryBytes) {
        throw new Error(tooLong);
      }
      const cells = record.read(text, line.end);
      if (cells !== undefined) {
        open = undefined;
        yield { number, cells: () => cells };
      }
    } catch (error) {
      open = undefined;
      yield { number, cells: () => fail(error) };
    }
  }
  if (open !== undefined) {
    const { number } = open;
    yield {
      number,
      cells: () => fail(new Error("a field in quotes does not end")),
    };
  }
}

const tooLong = `more than ${maxEntryBytes / 1024 ** 2} MiB are no user: lines end with a line feed`;

function textOf({ text }: Line): string {
  return text ?? fail(new Error(tooLong));
}

function fail(error: unknown): never {
  throw error;
}

function entry(line: number, read: () => ImportedUser): UserEntry {
  try {
    return { line, user: read() };
  } catch (error) {
    return {
      line,
      error: error instanceof Error ? error : new Error(String(error)),
    };
  }
}
