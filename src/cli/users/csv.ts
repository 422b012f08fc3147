/** A field of a record of CSV. */
export interface Cell {
  readonly text: string;
  /** Whether it stands in quotes: what is empty in quotes is there, and what is empty without them is not. */
  readonly quoted: boolean;
}

/** Reads a record of CSV (RFC 4180), which may go on over several lines: a field in quotes may hold their ends. */
export class CsvRecord {
  readonly #delimiter: string;
  readonly #cells: Cell[] = [];
  #text = "";
  #state: "start" | "plain" | "quoted" | "closed" = "start";

  /** @param delimiter one character */
  constructor(delimiter: string) {
    this.#delimiter = delimiter;
  }

  /**
   * Reads a line of it.
   *
   * @param end what ends the line
   * @returns the cells where the record ends with the line
   * @throws Error where the line is malformed
   */
  read(line: string, end: string): readonly Cell[] | undefined {
    for (const character of line) {
      this.#readCharacter(character);
    }
    if (this.#state === "quoted") {
      this.#text += end;
      return undefined;
    }
    this.#endCell();
    return this.#cells;
  }

  #readCharacter(character: string): void {
    if (this.#state === "quoted") {
      if (character === '"') {
        this.#state = "closed";
      } else {
        this.#text += character;
      }
    } else if (character === this.#delimiter) {
      this.#endCell();
    } else if (character === '"') {
      this.#readQuote();
    } else if (this.#state === "closed") {
      throw new Error("text follows a field in quotes");
    } else {
      this.#state = "plain";
      this.#text += character;
    }
  }

  #readQuote(): void {
    switch (this.#state) {
      case "start":
        break;
      case "closed":
        // Two of them within quotes stand for one.
        this.#text += '"';
        break;
      default:
        throw new Error(
          'a quote is within a field without quotes: write "" in a field in quotes',
        );
    }
    this.#state = "quoted";
  }

  #endCell(): void {
    this.#cells.push({
      text: this.#text,
      quoted: this.#state === "closed",
    });
    this.#text = "";
    this.#state = "start";
  }
}

/** Reads a record that is one line. @throws Error where it is malformed, or its last field in quotes does not end */
export function readCsvLine(line: string, delimiter: string): readonly Cell[] {
  const cells = new CsvRecord(delimiter).read(line, "");
  if (cells === undefined) {
    throw new Error("a field in quotes does not end");
  }
  return cells;
}
