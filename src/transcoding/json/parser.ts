import { quote } from "../cut.ts";

/** A JSON value as it was written: objects without a prototype, numbers that would lose digits kept as text. */
export type JsonNode =
  | null
  | boolean
  | number
  | string
  | ExactNumber
  | readonly JsonNode[]
  | JsonMembers;

/** The members of a JSON object. It has no prototype, so that no name that a client sends means anything to JavaScript. */
export interface JsonMembers {
  [name: string]: JsonNode;
}

/** A number with more digits than a double keeps for certain, as the text of the literal. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Why a text is not JSON that the transcoder takes. */
export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
}

// A double keeps every decimal of 15 digits.
const safeDigits = 15;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const zero = /^-?[0.]+(?:[eE]|$)/;
const unescapedText = /[^"\\\u0000-\u001f]*/y;
const space = 0x20;
const blanks = /[ \t\n\r]*/y;
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/**
 * Parses JSON by RFC 8259, more strictly than JSON.parse: a name that stands twice in one object, nesting that is too deep, and half a
 * surrogate pair are errors, and no number loses digits.
 *
 * @param maxNesting objects and arrays within each other
 * @throws JsonSyntaxError
 */
export function parseJson(text: string, maxNesting: number): JsonNode {
  return new Parser(text, maxNesting).parse();
}

class Parser {
  readonly #text: string;
  readonly #maxNesting: number;
  #at = 0;
  #depth = 0;

  constructor(text: string, maxNesting: number) {
    this.#text = text;
    this.#maxNesting = maxNesting;
  }

  parse(): JsonNode {
    const value = this.#value();
    this.#skipBlanks();
    if (this.#at < this.#text.length) {
      throw this.#unexpected();
    }
    return value;
  }

  #value(): JsonNode {
    this.#skipBlanks();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object();
      case "[":
        return this.#array();
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #object(): JsonMembers {
    this.#enter();
    const members = Object.create(null) as JsonMembers;
    this.#skipBlanks();
    if (this.#take("}")) {
      this.#depth--;
      return members;
    }
    do {
      this.#skipBlanks();
      if (this.#text[this.#at] !== '"') {
        throw this.#unexpected();
      }
      const name = this.#string();
      if (name in members) {
        throw new JsonSyntaxError(
          `the name ${quote(name)} stands twice in one object`,
        );
      }
      this.#skipBlanks();
      if (!this.#take(":")) {
        throw this.#unexpected();
      }
      members[name] = this.#value();
      this.#skipBlanks();
    } while (this.#take(","));
    if (!this.#take("}")) {
      throw this.#unexpected();
    }
    this.#depth--;
    return members;
  }

  #array(): JsonNode[] {
    this.#enter();
    const items: JsonNode[] = [];
    this.#skipBlanks();
    if (this.#take("]")) {
      this.#depth--;
      return items;
    }
    do {
      items.push(this.#value());
      this.#skipBlanks();
    } while (this.#take(","));
    if (!this.#take("]")) {
      throw this.#unexpected();
    }
    this.#depth--;
    return items;
  }

  #string(): string {
    this.#at++;
    let value = "";
    for (;;) {
      unescapedText.lastIndex = this.#at;
      unescapedText.exec(this.#text);
      value += this.#text.slice(this.#at, unescapedText.lastIndex);
      this.#at = unescapedText.lastIndex;
      if (this.#take('"')) {
        break;
      }
      if (this.#text[this.#at] !== "\\") {
        throw this.#unexpected();
      }
      value += this.#escape();
    }
    if (!value.isWellFormed()) {
      throw new JsonSyntaxError("a string holds half a surrogate pair");
    }
    return value;
  }

  #escape(): string {
    const kind = this.#text[this.#at + 1] ?? "";
    if (kind === "u") {
      const hex = this.#text.slice(this.#at + 2, this.#at + 6);
      if (!/^[0-9A-Fa-f]{4}$/.test(hex)) {
        throw this.#unexpected();
      }
      this.#at += 6;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const character = Object.hasOwn(escapes, kind) ? escapes[kind] : undefined;
    if (character === undefined) {
      throw this.#unexpected();
    }
    this.#at += 2;
    return character;
  }

  #number(): number | ExactNumber {
    number.lastIndex = this.#at;
    const literal = number.exec(this.#text)?.[0];
    if (literal === undefined) {
      throw this.#unexpected();
    }
    this.#at = number.lastIndex;
    const value = Number(literal);
    // Zero may be all that a double kept of a number that was none.
    const kept =
      literal.length <= safeDigits &&
      Number.isFinite(value) &&
      (value !== 0 || zero.test(literal));
    return kept ? value : new ExactNumber(literal);
  }

  #word<Word>(word: string, value: Word): Word {
    if (!this.#text.startsWith(word, this.#at)) {
      throw this.#unexpected();
    }
    this.#at += word.length;
    return value;
  }

  #enter(): void {
    this.#at++;
    if (++this.#depth > this.#maxNesting) {
      throw new JsonSyntaxError(
        `objects and arrays nest deeper than ${this.#maxNesting} levels`,
      );
    }
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) {
      return false;
    }
    this.#at++;
    return true;
  }

  #skipBlanks(): void {
    // Most often there are none, and the expression costs more than all else about a short value.
    if (this.#text.charCodeAt(this.#at) > space) {
      return;
    }
    blanks.lastIndex = this.#at;
    blanks.exec(this.#text);
    this.#at = blanks.lastIndex;
  }

  #unexpected(): JsonSyntaxError {
    const found = this.#text[this.#at];
    return new JsonSyntaxError(
      found === undefined
        ? "the JSON text ends too early"
        : `unexpected ${JSON.stringify(found)} at position ${this.#at} of the JSON text`,
    );
  }
}
