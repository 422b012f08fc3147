import { create, getOption, toJson } from "@bufbuild/protobuf";
import type {
  DescMessage,
  DescMethod,
  DescMethodUnary,
  JsonObject,
  JsonValue,
  MessageInitShape,
} from "@bufbuild/protobuf";
import { http } from "../../gen/google/api/annotations_pb.js";
import type { HttpRule } from "../../gen/google/api/http_pb.js";

const prefixes: Readonly<Record<string, string>> = {
  "zitadel.admin.v1.AdminService": "/admin/v1",
  "zitadel.management.v1.ManagementService": "/management/v1",
  "zitadel.auth.v1.AuthService": "/auth/v1",
};

/** A request by a google.api.http rule of a method, as a person would write it with curl: by the first that can carry it. */
export function restRequest<I extends DescMessage>(
  method: DescMethodUnary<I>,
  input: MessageInitShape<I>,
) {
  const message = toJson(method.input, create(method.input, input));
  const fields = new Map(Object.entries(message as JsonObject));
  const main = getOption(method, http);
  const rule =
    [main, ...main.additionalBindings].find(
      (each) =>
        [...templateOf(each).matchAll(/\{(\w+)\}/g)].every(([, name = ""]) =>
          fields.has(fieldJsonName(method, name)),
        ) &&
        (each.body !== "" || [...fields.values()].every(isForQuery)),
    ) ?? main;
  const path = templateOf(rule).replaceAll(
    /\{(\w+)\}/g,
    (_variable, name: string) => {
      const json = fieldJsonName(method, name);
      const value = fields.get(json);
      fields.delete(json);
      return encodeURIComponent(typeof value === "string" ? value : "");
    },
  );
  const prefix = prefixes[method.parent.typeName] ?? "";
  const body = takeBody(method, rule.body, fields);
  return {
    method: rule.pattern.case?.toUpperCase() ?? "",
    path: `${prefix}${path}${queryOf(Object.fromEntries(fields))}`,
    body,
  };
}

/** Takes out of the fields what the body has: all of them, one, or none. */
function takeBody(
  method: DescMethod,
  body: string,
  fields: Map<string, JsonValue>,
): JsonValue | undefined {
  if (body === "") {
    return undefined;
  }
  if (body === "*") {
    const all = Object.fromEntries(fields);
    fields.clear();
    return all;
  }
  const name = fieldJsonName(method, body);
  const one = fields.get(name) ?? {};
  fields.delete(name);
  return one;
}

function templateOf({ pattern }: HttpRule): string {
  if (pattern.case === undefined || pattern.case === "custom") {
    throw new Error("the method has no plain rule");
  }
  return pattern.value;
}

function fieldJsonName(method: DescMethod, name: string): string {
  const field = method.input.fields.find((one) => one.name === name);
  if (field === undefined) {
    throw new Error(`no field ${name}`);
  }
  return field.jsonName;
}

/** A query cannot say that a message is there, and nothing in it. */
function isForQuery(value: JsonValue): boolean {
  return (
    typeof value !== "object" ||
    value === null ||
    (Object.keys(value).length > 0 && Object.values(value).every(isForQuery))
  );
}

function queryOf(fields: JsonObject): string {
  const pairs = (object: JsonObject, path: string): string[] =>
    Object.entries(object).flatMap(([name, value]) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? pairs(value, `${path}${name}.`)
        : [value]
            .flat()
            .map(
              (each) =>
                `${path}${name}=${encodeURIComponent(JSON.stringify(each).replaceAll('"', ""))}`,
            ),
    );
  const all = pairs(fields, "");
  return all.length === 0 ? "" : `?${all.join("&")}`;
}
