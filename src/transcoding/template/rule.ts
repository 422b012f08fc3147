import {
  type DescField,
  type DescMessage,
  type DescMethod,
  getOption,
  hasOption,
} from "@bufbuild/protobuf";
import { http } from "../../../gen/google/api/annotations_pb.js";
import type { HttpRule } from "../../../gen/google/api/http_pb.js";
import {
  overlap,
  resolveFieldPath,
  type TextFieldPath,
} from "../json/field-path.ts";
import {
  parseTemplate,
  type Template,
  TemplateError,
  type TemplateVariable,
} from "./template.ts";

/** What a rule makes of the request's body. */
export type BodyRule =
  /** There is none. */
  | { readonly kind: "none" }
  /** `*`: every field that the path does not bind. */
  | { readonly kind: "message" }
  /** One top-level field. */
  | { readonly kind: "field"; readonly field: DescField };

/** A variable of the template and the field that it fills. */
export interface BoundVariable {
  readonly variable: TemplateVariable;
  readonly path: TextFieldPath;
}

/** One way from HTTP to a method: a rule's own pattern, or one of its additional bindings. */
export interface Binding {
  readonly method: DescMethod;
  /** As in the request line; `*` for every method that the path has no other rule for. */
  readonly httpMethod: string;
  /** The template as the rule has it, behind the prefix of its service. */
  readonly path: string;
  readonly template: Template;
  readonly variables: readonly BoundVariable[];
  readonly body: BodyRule;
  /** The top-level field of the response that becomes the body; undefined where the response itself does. */
  readonly responseBody: DescField | undefined;
}

/** A google.api.http rule that cannot be served. The message names the method and the reason. */
export class RuleError extends Error {
  override readonly name = "RuleError";
  readonly method: DescMethod;

  constructor(method: DescMethod, reason: string) {
    super(`${rpcName(method)}: ${reason}`);
    this.method = method;
  }
}

/** The name of a method as its RPC path has it: `package.Service/Method`. */
export function rpcName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

const httpToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Reads the google.api.http option of a method, with its additional bindings.
 *
 * @param prefix is put before each template: some APIs publish templates relative to a base path.
 * @returns no bindings for a method without the option.
 * @throws RuleError
 */
export function readBindings(method: DescMethod, prefix: string): Binding[] {
  if (!hasOption(method, http)) {
    return [];
  }
  const rule = getOption(method, http);
  const bindings = [readBinding(method, rule, prefix)];
  for (const additional of rule.additionalBindings) {
    if (additional.additionalBindings.length > 0) {
      throw new RuleError(
        method,
        "additional_bindings must not have additional_bindings of their own",
      );
    }
    bindings.push(readBinding(method, additional, prefix));
  }
  return bindings;
}

function readBinding(
  method: DescMethod,
  rule: HttpRule,
  prefix: string,
): Binding {
  const { httpMethod, path } = readPattern(method, rule);
  const template = readTemplate(method, path, prefix);
  const body = readBodyRule(method, rule.body);
  const variables = template.variables.map((variable) =>
    bindVariable(method, variable),
  );
  checkVariables(method, variables, body);
  return {
    method,
    httpMethod,
    path: `${prefix}${path}`,
    template,
    variables,
    body,
    responseBody: readResponseBody(method, rule.responseBody),
  };
}

function readPattern(
  method: DescMethod,
  rule: HttpRule,
): { readonly httpMethod: string; readonly path: string } {
  const { pattern } = rule;
  switch (pattern.case) {
    case undefined:
      throw new RuleError(
        method,
        "the rule has no pattern (get, put, post, delete, patch or custom)",
      );
    case "custom":
      if (!httpToken.test(pattern.value.kind)) {
        throw new RuleError(
          method,
          `the custom kind ${JSON.stringify(pattern.value.kind)} is not an HTTP method`,
        );
      }
      return { httpMethod: pattern.value.kind, path: pattern.value.path };
    default:
      return { httpMethod: pattern.case.toUpperCase(), path: pattern.value };
  }
}

function readTemplate(
  method: DescMethod,
  path: string,
  prefix: string,
): Template {
  try {
    return parseTemplate(
      prefix !== "" && path === "/" ? prefix : prefix + path,
    );
  } catch (error) {
    if (error instanceof TemplateError) {
      throw new RuleError(method, error.message);
    }
    throw error;
  }
}

function readBodyRule(method: DescMethod, body: string): BodyRule {
  switch (body) {
    case "":
      return { kind: "none" };
    case "*":
      return { kind: "message" };
    default: {
      const field = topLevelField(method.input, body);
      if (field === undefined) {
        throw new RuleError(
          method,
          `body: ${method.input.typeName} has no field ${JSON.stringify(body)}`,
        );
      }
      return { kind: "field", field };
    }
  }
}

function readResponseBody(
  method: DescMethod,
  responseBody: string,
): DescField | undefined {
  if (responseBody === "") {
    return undefined;
  }
  const field = topLevelField(method.output, responseBody);
  if (field === undefined) {
    throw new RuleError(
      method,
      `response_body: ${method.output.typeName} has no field ${JSON.stringify(responseBody)}`,
    );
  }
  return field;
}

function topLevelField(desc: DescMessage, name: string): DescField | undefined {
  return desc.fields.find((field) => field.name === name);
}

function bindVariable(
  method: DescMethod,
  variable: TemplateVariable,
): BoundVariable {
  const path = resolveFieldPath(method.input, variable.fieldPath, "proto");
  if (path === "unknown") {
    throw new RuleError(
      method,
      `the variable ${variable.fieldPath} names no field of ${method.input.typeName}`,
    );
  }
  if (path === "no-text") {
    throw new RuleError(
      method,
      `the variable ${variable.fieldPath} is a field whose type no path can hold`,
    );
  }
  if (path.leaf.fieldKind === "list") {
    throw new RuleError(
      method,
      `the variable ${variable.fieldPath} is a repeated field`,
    );
  }
  return { variable, path };
}

function checkVariables(
  method: DescMethod,
  variables: readonly BoundVariable[],
  body: BodyRule,
): void {
  variables.forEach(({ path }, i) => {
    if (body.kind === "field" && path.name === body.field.name) {
      throw new RuleError(method, `the variable ${path.name} is also the body`);
    }
    const other = variables
      .slice(0, i)
      .find((earlier) => overlap(earlier.path.name, path.name));
    if (other !== undefined) {
      throw new RuleError(
        method,
        `the variables ${other.path.name} and ${path.name} fill the same field`,
      );
    }
  });
}
