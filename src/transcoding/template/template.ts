import { normaliseLiteral } from "./percent.ts";

/** One segment of a path template: a literal (normalised), `*`, or `**`. */
export type TemplateSegment =
  | { readonly kind: "literal"; readonly value: string }
  | { readonly kind: "single" }
  | { readonly kind: "multi" };

/** A variable of a template and the segments `[start, end)` that it captures. */
export interface TemplateVariable {
  /** Names of fields as in the proto file, joined by dots. */
  readonly fieldPath: string;
  readonly start: number;
  readonly end: number;
  /** Spans segments, or holds `**`: its value keeps `%2F` as it was written. */
  readonly multi: boolean;
}

/** A path template, parsed: `google/api/http.proto`, "Path template syntax". */
export interface Template {
  readonly text: string;
  readonly segments: readonly TemplateSegment[];
  readonly variables: readonly TemplateVariable[];
  /** What follows the colon of the last segment, normalised. */
  readonly verb: string | undefined;
}

/** Why a template cannot be used. Columns count from 1. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";

  constructor(text: string, column: number, reason: string) {
    super(`template ${JSON.stringify(text)}, column ${column}: ${reason}`);
  }
}

const identifierPath = /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*$/;
// RFC 3986 pchar. `*` is left out: inside a literal it would look like a wildcard.
const literalText = /^(?:[A-Za-z0-9\-._~!$&'()+,;=:@]|%[0-9A-Fa-f]{2})+$/;

/**
 * Parses a path template by the grammar of `google/api/http.proto`, and beyond it: the template `/`, and a tail of fixed
 * length after `**`, which published APIs have.
 *
 * @throws TemplateError with the column and the reason.
 */
export function parseTemplate(text: string): Template {
  if (!text.startsWith("/")) {
    throw new TemplateError(text, 1, "a template starts with /");
  }
  if (text === "/") {
    return { text, segments: [], variables: [], verb: undefined };
  }
  const segments: TemplateSegment[] = [];
  const variables: TemplateVariable[] = [];
  let verb: string | undefined;
  let position = 1;
  for (;;) {
    const end = endOfSegment(text, position);
    const raw = text.slice(position, end);
    const last = end === text.length;
    const colon = last ? verbColon(raw) : -1;
    if (colon >= 0) {
      verb = parseVerb(text, position + colon + 1);
    }
    const body = colon >= 0 ? raw.slice(0, colon) : raw;
    if (body.startsWith("{")) {
      variables.push(parseVariable(text, position, body, segments));
    } else {
      segments.push(parseSegment(text, position, body));
    }
    if (last) {
      break;
    }
    position = end + 1;
  }
  checkWildcards(text, segments);
  checkVariables(text, variables);
  return { text, segments, variables, verb };
}

/**
 * What a template matches, without the names of its variables: two rules of one shape and one HTTP method would match the same
 * requests.
 */
export function templateShape(template: Template): string {
  const segments = template.segments.map((segment) => {
    switch (segment.kind) {
      case "literal":
        return segment.value;
      case "single":
        return "*";
      case "multi":
        return "**";
    }
  });
  return `/${segments.join("/")}${template.verb === undefined ? "" : `:${template.verb}`}`;
}

/** The end of the segment that starts at `from`: a slash outside braces, or the end of the text. */
function endOfSegment(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    switch (text[i]) {
      case "{":
        depth++;
        break;
      case "}":
        depth--;
        break;
      case "/":
        if (depth <= 0) {
          return i;
        }
        break;
    }
  }
  return text.length;
}

/** Where the verb's colon stands in the last segment, or -1. A colon inside braces belongs to the variable. */
function verbColon(segment: string): number {
  return segment.indexOf(":", segment.lastIndexOf("}") + 1);
}

function parseVerb(text: string, at: number): string {
  const verb = text.slice(at);
  if (verb === "") {
    throw new TemplateError(text, at + 1, "the verb is empty");
  }
  if (verb.includes(":")) {
    throw new TemplateError(
      text,
      at + verb.indexOf(":") + 1,
      "a template has one verb at most",
    );
  }
  return parseLiteral(text, at, verb);
}

function parseSegment(
  text: string,
  at: number,
  segment: string,
): TemplateSegment {
  switch (segment) {
    case "":
      throw new TemplateError(text, at + 1, "the segment is empty");
    case "*":
      return { kind: "single" };
    case "**":
      return { kind: "multi" };
    default:
      return { kind: "literal", value: parseLiteral(text, at, segment) };
  }
}

function parseLiteral(text: string, at: number, literal: string): string {
  const brace = literal.search(/[{}]/);
  if (brace >= 0) {
    throw new TemplateError(
      text,
      at + brace + 1,
      "a variable must be a whole segment",
    );
  }
  if (literal.includes("*")) {
    throw new TemplateError(
      text,
      at + literal.indexOf("*") + 1,
      "* must be a whole segment",
    );
  }
  if (!literalText.test(literal)) {
    throw new TemplateError(
      text,
      at + 1,
      `${JSON.stringify(literal)} holds a character that must be percent-encoded in a path`,
    );
  }
  return normaliseLiteral(literal);
}

function parseVariable(
  text: string,
  at: number,
  raw: string,
  segments: TemplateSegment[],
): TemplateVariable {
  const close = raw.indexOf("}");
  const nested = raw.indexOf("{", 1);
  if (nested >= 0 && (close < 0 || nested < close)) {
    throw new TemplateError(
      text,
      at + nested + 1,
      "a variable cannot hold another variable",
    );
  }
  if (close < 0) {
    throw new TemplateError(text, at + 1, "the variable is not closed");
  }
  if (close !== raw.length - 1) {
    throw new TemplateError(
      text,
      at + close + 2,
      "a variable must be a whole segment",
    );
  }
  const content = raw.slice(1, close);
  const equals = content.indexOf("=");
  const fieldPath = equals < 0 ? content : content.slice(0, equals);
  if (!identifierPath.test(fieldPath)) {
    throw new TemplateError(
      text,
      at + 2,
      `${JSON.stringify(fieldPath)} is not a path of field names`,
    );
  }
  const start = segments.length;
  let position = at + 1 + equals + 1;
  for (const segment of equals < 0
    ? ["*"]
    : content.slice(equals + 1).split("/")) {
    segments.push(parseSegment(text, position, segment));
    position += segment.length + 1;
  }
  const end = segments.length;
  return {
    fieldPath,
    start,
    end,
    multi:
      end - start > 1 ||
      segments.slice(start).some((segment) => segment.kind === "multi"),
  };
}

function checkWildcards(
  text: string,
  segments: readonly TemplateSegment[],
): void {
  if (segments.filter((segment) => segment.kind === "multi").length > 1) {
    throw new TemplateError(
      text,
      text.lastIndexOf("**") + 1,
      "a template has one ** at most",
    );
  }
}

function checkVariables(
  text: string,
  variables: readonly TemplateVariable[],
): void {
  const seen = new Set<string>();
  for (const variable of variables) {
    if (seen.has(variable.fieldPath)) {
      throw new TemplateError(
        text,
        text.lastIndexOf(`{${variable.fieldPath}`) + 1,
        `the variable ${variable.fieldPath} stands twice`,
      );
    }
    seen.add(variable.fieldPath);
  }
}
