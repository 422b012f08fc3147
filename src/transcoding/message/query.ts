import type { DescMessage } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { badField, badRequest } from "../fault.ts";
import {
  assign,
  faultOfMessage,
  overlap,
  resolveFieldPath,
  type TextFieldPath,
} from "../json/field-path.ts";
import { ValueError } from "../json/leaf.ts";

/** What a query may not name, and what is done with names that mean nothing. */
export interface QueryRule {
  /** Field paths that the path or the body fills; `*` where the body takes every field. */
  readonly bound: readonly string[] | "*";
  readonly ignoreUnknown: boolean;
  /** Parameters that a query may have. */
  readonly maxParameters: number;
  /** Names of fields that a parameter may join by dots. */
  readonly maxLevels: number;
  /** Parameters that are no fields, beside those that each message has. */
  readonly systemParameters: ReadonlyMap<string, unknown>;
}

const systemParameters = new Set(["alt", "key", "access_token", "prettyPrint"]);
const visibleAscii = /^[\x21-\x7e]*$/;

/**
 * Fills fields of a message from a raw query.
 *
 * @returns the field paths that were set.
 * @throws Fault 400
 */
export function bindQuery(
  message: ReflectMessage,
  query: string,
  rule: QueryRule,
): ReadonlySet<string> {
  const given = new GivenFields();
  if (!visibleAscii.test(query)) {
    throw badRequest(
      "the query holds a character that must be percent-encoded",
    );
  }
  const parameters = parametersOf(query);
  if (parameters.length > rule.maxParameters) {
    throw badRequest(
      `the query has more than ${rule.maxParameters} parameters`,
    );
  }
  for (const { rawName, name, value } of parameters) {
    if (name === undefined) {
      throw badField(
        rawName,
        "has a name with a malformed escape, or bytes that are not UTF-8",
      );
    }
    const path = resolve(message.desc, name, rule);
    if (path === undefined) {
      continue;
    }
    if (value === undefined) {
      throw badField(
        name,
        "holds a malformed escape, or bytes that are not UTF-8",
      );
    }
    given.add(path, name);
    set(message, path, name, value);
  }
  return given.names;
}

/** A parameter of a query. Name and value are undefined where they hold a malformed escape, or bytes that are not UTF-8. */
interface QueryParameter {
  /** The name as it was sent. */
  readonly rawName: string;
  readonly name: string | undefined;
  readonly value: string | undefined;
}

/** The parameters of a raw query, in their order. */
export function parametersOf(query: string): readonly QueryParameter[] {
  return query
    .split("&")
    .filter((parameter) => parameter !== "")
    .map((parameter) => {
      const equals = parameter.indexOf("=");
      const rawName = equals < 0 ? parameter : parameter.slice(0, equals);
      return {
        rawName,
        name: decode(rawName),
        value: equals < 0 ? "" : decode(parameter.slice(equals + 1)),
      };
    });
}

/** The field of a parameter; undefined for one that is ignored. */
function resolve(
  desc: DescMessage,
  name: string,
  rule: QueryRule,
): TextFieldPath | undefined {
  const { maxLevels } = rule;
  if (name.split(".", maxLevels + 1).length > maxLevels) {
    throw badField(name, `has more than ${maxLevels} levels`);
  }
  const path = resolveFieldPath(desc, name, "proto-or-json");
  if (path === "unknown") {
    if (
      rule.ignoreUnknown ||
      systemParameters.has(name) ||
      rule.systemParameters.has(name) ||
      name.startsWith("$")
    ) {
      return undefined;
    }
    if (name === "") {
      throw badRequest("a parameter of the query has no name");
    }
    throw badField(name, `is unknown to ${desc.typeName}`);
  }
  if (rule.bound === "*") {
    throw badField(
      name,
      "must not be in the query: the body holds all fields that are not in the path",
    );
  }
  if (path === "no-text") {
    throw badField(name, "is of a type that a query cannot hold");
  }
  if (rule.bound.some((bound) => overlap(bound, path.name))) {
    throw badField(
      name,
      "must not be in the query: the path or the body holds it",
    );
  }
  return path;
}

function set(
  message: ReflectMessage,
  path: TextFieldPath,
  name: string,
  text: string,
): void {
  let value: unknown;
  try {
    value = path.read(text);
  } catch (error) {
    if (error instanceof ValueError) {
      throw badField(name, error.message);
    }
    throw error;
  }
  const conflict = assign(message, path, value);
  if (conflict !== undefined) {
    throw badField(
      name,
      `excludes ${conflict.present.jsonName}: only one of the oneof ${conflict.oneof.name} may be set`,
    );
  }
  const fault = faultOfMessage(message, path);
  if (fault !== undefined) {
    throw badField(name, fault);
  }
}

/** The fields that a query has named so far. */
class GivenFields {
  readonly names = new Set<string>();
  readonly #parents = new Set<string>();

  /** Notes a field. Naming a singular field again, or a part of it, is an error. */
  add(path: TextFieldPath, spelling: string): void {
    const parents = path.fields.slice(0, -1).map((_, i) =>
      path.fields
        .slice(0, i + 1)
        .map((field) => field.name)
        .join("."),
    );
    const again = path.leaf.fieldKind !== "list" && this.names.has(path.name);
    if (
      again ||
      this.#parents.has(path.name) ||
      parents.some((parent) => this.names.has(parent))
    ) {
      throw badField(spelling, "is given twice");
    }
    this.names.add(path.name);
    for (const parent of parents) {
      this.#parents.add(parent);
    }
  }
}

/** Decodes a name or a value: `+` is a space (the query is a form, unlike the path). */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
