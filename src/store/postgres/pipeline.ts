import type { Connection } from "pg";
import { toParameter, typeParser } from "./values.ts";
import type { Value } from "./values.ts";

/** A statement with a name, under which each connection prepares it once. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** A row, by its columns; the caller knows their types. */
export type Row = Readonly<Record<string, unknown>>;

/** What a statement led to. */
export interface Result {
  readonly rows: readonly Row[];
  /** The command that was done: COMMIT says whether it did. */
  readonly command: string;
  readonly count: number;
}

/** A statement with its values. */
export type Call = readonly [Statement, ...Value[]];

interface Column {
  readonly name: string;
  readonly read: (text: string) => unknown;
}

/** The statements that are prepared on a connection, with their columns. */
const prepared = new WeakMap<
  Connection,
  Map<Statement["name"], readonly Column[]>
>();

/**
 * Named statements that are sent together: one write, one Sync and one response of the server, where `pg` has these for each
 * statement. When one fails, the server skips those behind it. It is run by `pg`'s client as any
 * other query of it.
 */
export class Pipeline {
  /** Told of the end once. The client puts its own before it, for its time-out. */
  callback: (error: Error | null, results?: readonly Result[]) => void;
  readonly #calls: readonly Call[];
  readonly #results: Result[] = [];
  #known: Map<Statement["name"], readonly Column[]> | undefined;
  #columns: readonly Column[] | undefined;
  #rows: Row[] = [];

  constructor(
    calls: readonly Call[],
    callback: (error: Error | null, results?: readonly Result[]) => void,
  ) {
    this.#calls = calls;
    this.callback = callback;
  }

  submit(connection: Connection): void {
    const known = prepared.get(connection) ?? new Map<string, Column[]>();
    prepared.set(connection, known);
    this.#known = known;
    const { stream } = connection;
    stream.cork();
    const asked = new Set<string>();
    for (const [{ name, text }, ...values] of this.#calls) {
      const isKnown = known.has(name) || asked.has(name);
      if (!isKnown) {
        // One that failed before it was done may be there all the same.
        connection.close({ type: "S", name }, true);
        connection.parse({ name, text, types: [] }, true);
      }
      asked.add(name);
      connection.bind(
        { statement: name, values: values.map(toParameter) },
        true,
      );
      if (!isKnown) {
        connection.describe({ type: "P", name: "" }, true);
      }
      connection.execute({}, true);
    }
    connection.sync();
    stream.uncork();
  }

  handleRowDescription({
    fields,
  }: {
    readonly fields: readonly {
      readonly name: string;
      readonly dataTypeID: number;
    }[];
  }): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({
      name,
      read: typeParser(dataTypeID),
    }));
  }

  handleDataRow({
    fields,
  }: {
    readonly fields: readonly (string | null)[];
  }): void {
    const columns = this.#columns ?? this.#columnsOfCurrent();
    const row: Record<string, unknown> = {};
    for (const [place, { name, read }] of columns.entries()) {
      const text = fields[place] ?? null;
      row[name] = text === null ? null : read(text);
    }
    this.#rows.push(row);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const words = text.split(" ");
    const name = this.#calls[this.#results.length]?.[0].name ?? "";
    this.#known?.set(name, this.#columns ?? this.#columnsOfCurrent());
    this.#results.push({
      rows: this.#rows,
      command: words[0] ?? "",
      count: words.length > 1 ? Number(words.at(-1)) : 0,
    });
    this.#rows = [];
    this.#columns = undefined;
  }

  handleReadyForQuery(): void {
    this.callback(null, this.#results);
  }

  handleError(error: Error): void {
    this.callback(error);
  }

  #columnsOfCurrent(): readonly Column[] {
    const name = this.#calls[this.#results.length]?.[0].name ?? "";
    return this.#known?.get(name) ?? [];
  }
}
