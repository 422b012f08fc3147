import { UserState } from "../../../gen/lockout/v1/user_service_pb.js";
import { readCsvLine } from "./csv.ts";
import type { Cell } from "./csv.ts";

/** What a file says of a user. What is undefined stays as it is. */
export interface ImportedUser {
  readonly id: string;
  /** Its id; undefined for the caller's own. */
  readonly organisation: string | undefined;
  readonly aliases: readonly string[] | undefined;
  readonly state: UserState | undefined;
}

const states: Readonly<Record<string, UserState>> = {
  active: UserState.ACTIVE,
  initial: UserState.INITIAL,
  inactive: UserState.INACTIVE,
  locked: UserState.LOCKED,
};

const fieldNames = ["id", "organisation", "aliases", "state"] as const;

type FieldName = (typeof fieldNames)[number];

/** Separates the names of a cell. */
const aliasDelimiter = ";";

/** A user as a line of JSON that {@link readJsonUser} reads. */
export function writeJsonUser(user: {
  readonly id: string;
  readonly organisation: string;
  readonly aliases: readonly string[];
  readonly state: UserState;
}): string {
  const [state] =
    Object.entries(states).find(([, number]) => number === user.state) ?? [];
  return JSON.stringify({ ...user, state });
}

/** Reads a line of JSON. @throws Error that says what is wrong with it */
export function readJsonUser(line: string): ImportedUser {
  const value = parseJson(line);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error('the line must be a JSON object, such as {"id":"1001"}');
  }
  const fields: Partial<Record<FieldName, unknown>> = {};
  for (const [name, field] of Object.entries(value)) {
    fields[knownName("field", name)] = field;
  }
  return toUser(fields);
}

/**
 * Reads the header of CSV, whose columns come in any order.
 *
 * @returns what reads a record, and throws Error that says what is wrong with it
 * @throws Error where a column is unknown or there twice, or there are no ids
 */
export function readCsvHeader(
  header: readonly Cell[],
): (record: readonly Cell[]) => ImportedUser {
  const columns = header.map(({ text }) => columnName(text));
  if (new Set(columns).size < columns.length) {
    throw new Error("a column of the header is there twice");
  }
  if (!columns.includes("id")) {
    throw new Error('the header has no column "id"');
  }
  return (record) => {
    if (record.length !== columns.length) {
      throw new Error(
        `the header names ${columns.length} ${columns.length === 1 ? "column" : "columns"}, and this record has ${record.length}`,
      );
    }
    const fields: Partial<Record<FieldName, unknown>> = {};
    for (const [index, name] of columns.entries()) {
      const cell = record[index];
      // What is not there is left as it is; quotes say that it is there, and empty.
      if (cell !== undefined && (cell.text !== "" || cell.quoted)) {
        fields[name] = name === "aliases" ? aliasesIn(cell.text) : cell.text;
      }
    }
    return toUser(fields);
  };
}

function aliasesIn(cell: string): readonly string[] {
  return cell === ""
    ? []
    : readCsvLine(cell, aliasDelimiter).map(({ text }) => text);
}

function toUser({
  id,
  organisation,
  aliases,
  state,
}: Partial<Record<FieldName, unknown>>): ImportedUser {
  if (!isText(id)) {
    throw new Error('"id" must be a text in UTF-8');
  }
  if (organisation !== undefined && !isText(organisation)) {
    throw new Error('"organisation" must be a text in UTF-8');
  }
  if (aliases !== undefined && aliases !== null && !isTexts(aliases)) {
    throw new Error('"aliases" must be a list of texts in UTF-8');
  }
  const number = typeof state === "string" ? readState(state) : undefined;
  if (state !== undefined && number === undefined) {
    throw new Error(`"state" must be one of ${Object.keys(states).join(", ")}`);
  }
  return {
    id,
    organisation,
    // Null removes as an empty list does.
    aliases: aliases === null ? [] : aliases,
    state: number,
  };
}

/** Also as `user list --output json` shows it. */
function readState(text: string): UserState | undefined {
  return states[text.toLowerCase().replace(/^user_state_/, "")];
}

function knownName(kind: "field" | "column", name: string): FieldName {
  const known = fieldNames.find((candidate) => candidate === name);
  if (known === undefined) {
    throw new Error(
      `the ${kind} "${name}" is unknown: id, organisation, aliases and state are known`,
    );
  }
  return known;
}

/** The delimiters of spreadsheets, by what --delimiter takes. */
const delimiters: Readonly<Record<string, string>> = {
  ";": "';'",
  "\t": "'\\t'",
};

function columnName(text: string): FieldName {
  if (/[\0\ufffd]/.test(text)) {
    throw new Error("the file is not UTF-8: save it as CSV in UTF-8");
  }
  const name = text.trim().toLowerCase();
  const delimiter = Object.keys(delimiters).find((one) => name.includes(one));
  if (delimiter !== undefined) {
    throw new Error(
      `its fields are separated by another character: add --delimiter ${delimiters[delimiter] ?? ""}`,
    );
  }
  return knownName("column", name);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    // A broken object was meant to be one.
    const hint = line.trimStart().startsWith("{")
      ? ""
      : " (for CSV: --from csv)";
    throw new Error(`the line is not JSON${hint}`, { cause: error });
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
