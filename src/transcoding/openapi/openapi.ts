import type {
  DescField,
  DescMessage,
  DescMethod,
  JsonObject,
  JsonValue,
} from "@bufbuild/protobuf";
import { StatusSchema } from "../../../gen/google/rpc/status_pb.js";
import {
  isRepeatableText,
  isTextMessage,
  wellKnownKind,
} from "../json/well-known.ts";
import { overlap } from "../json/field-path.ts";
import { isHttpBody } from "../message/request.ts";
import type { Binding } from "../template/rule.ts";
import { systemParametersOf } from "../message/system-parameters.ts";
import { templateShape } from "../template/template.ts";
import { streamTypes } from "../call/stream-form.ts";
import { expandTemplate, type OpenApiPath } from "./path.ts";
import { SchemaCollection } from "./schema.ts";

/** What descriptors do not tell of an API. */
export interface OpenApiInfo {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: { readonly name: string; readonly identifier?: string };
  /** Security schemes by name; each call needs one of them. */
  readonly security?: Readonly<Record<string, JsonObject>>;
  /** As the transcoder has them: see its options. */
  readonly systemParameters?: Readonly<Record<string, string>>;
  /** What people are told of services, methods, messages, fields, enums and their values, by full names. */
  readonly descriptions?: Readonly<Record<string, string>>;
  /** A request for each method, by its full name, as ProtoJSON. */
  readonly examples?: Readonly<Record<string, JsonObject>>;
  /** As the transcoder has it: see its options. */
  readonly successStatus?: (method: DescMethod) => number;
  /** Paths of a base URL other than the root of the server. */
  readonly servers?: readonly string[];
}

const methods = new Set([
  "GET",
  "PUT",
  "POST",
  "DELETE",
  "OPTIONS",
  "HEAD",
  "PATCH",
  "TRACE",
]);

const jsonType = "application/json";
const ndjsonType = streamTypes[0];

/**
 * Describes routes as an OpenAPI 3.1 document. It is a pure function of the rules. Methods that OpenAPI has no name for, such as
 * SEARCH and the kind `*`, are left out.
 */
export function describeRoutes(
  routes: readonly Binding[],
  info: OpenApiInfo,
): JsonObject {
  const { descriptions = {}, examples } = info;
  const schemas = new SchemaCollection(descriptions);
  const operations = new OperationIds();
  const byShape = new Map<string, OpenApiPath>();
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const route of routes) {
    if (!methods.has(route.httpMethod)) {
      continue;
    }
    // OpenAPI takes paths that differ in the names of parameters only for one: the first route names them for all.
    const shape = templateShape(route.template);
    const path = byShape.get(shape) ?? expandTemplate(route);
    byShape.set(shape, path);
    const item = (paths[path.path] ??= {});
    item[route.httpMethod.toLowerCase()] = operation(
      route,
      path,
      operations.next(route),
      schemas,
      info.systemParameters ?? {},
      examples?.[methodName(route)],
      info.successStatus?.(route.method) ?? 200,
    );
  }
  const tags = [...new Set(routes.map(({ method }) => method.parent.typeName))];
  return {
    openapi: "3.1.0",
    info: {
      title: info.title,
      version: info.version,
      ...(info.description === undefined
        ? {}
        : { description: info.description }),
      ...(info.license === undefined ? {} : { license: { ...info.license } }),
    },
    servers: (info.servers ?? ["/"]).map((url) => ({ url })),
    tags: tags.map((name) => ({ name, ...schemas.description(name) })),
    paths: Object.fromEntries(
      Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
    components: {
      schemas: schemas.toJson(),
      ...(info.security === undefined
        ? {}
        : { securitySchemes: { ...info.security } }),
    },
    ...(info.security === undefined
      ? {}
      : {
          security: Object.keys(info.security).map((name) => ({ [name]: [] })),
        }),
  };
}

function methodName({ method }: Binding): string {
  return `${method.parent.typeName}.${method.name}`;
}

function operation(
  route: Binding,
  path: OpenApiPath,
  operationId: string,
  schemas: SchemaCollection,
  systemParameters: Readonly<Record<string, string>>,
  example: JsonObject | undefined,
  successStatus: number,
): JsonObject {
  const { method } = route;
  const body = requestBody(route, schemas, example);
  return {
    operationId,
    tags: [method.parent.typeName],
    summary: method.name,
    ...schemas.description(methodName(route)),
    ...(method.deprecated ? { deprecated: true } : {}),
    parameters: [
      ...pathParameters(route, path, schemas, example),
      ...queryParameters(route, schemas),
      ...headerParameters(route, systemParameters),
    ],
    ...(body === undefined ? {} : { requestBody: body }),
    responses: {
      [String(successStatus)]: {
        description: "OK",
        content: responseContent(route, schemas),
      },
      default: {
        description: "An error",
        content: { [jsonType]: { schema: schemas.message(StatusSchema) } },
      },
    },
  };
}

function pathParameters(
  route: Binding,
  path: OpenApiPath,
  schemas: SchemaCollection,
  example: JsonObject | undefined,
): JsonObject[] {
  return path.parameters.map(({ name, segment, multi }) => {
    const bound = route.variables.find(
      ({ variable }) => variable.start <= segment && segment < variable.end,
    );
    const whole =
      bound?.variable.start === segment && bound.variable.end === segment + 1;
    const field = bound !== undefined && whole ? bound.path.leaf : undefined;
    const value = field && example?.[field.jsonName];
    const notes = [
      ...(field === undefined ? [] : schemas.sentences(field)),
      ...(bound === undefined || (whole && bound.path.name === name)
        ? []
        : [`Part of the field ${bound.path.name}.`]),
      ...(multi ? ["May hold slashes."] : []),
    ];
    return {
      name,
      in: "path",
      required: true,
      schema: field === undefined ? { type: "string" } : schemas.type(field),
      ...(value === undefined ? {} : { example: value }),
      ...(notes.length === 0 ? {} : { description: notes.join(" ") }),
    };
  });
}

/** All fields that a query can hold: what neither the path nor the body binds. */
function queryParameters(
  route: Binding,
  schemas: SchemaCollection,
): JsonObject[] {
  if (route.body.kind === "message") {
    return [];
  }
  const bound = route.variables.map(({ path }) => path.name);
  if (route.body.kind === "field") {
    bound.push(route.body.field.name);
  }
  return leaves(
    route.method.input,
    "",
    "",
    bound,
    new Set([route.method.input.typeName]),
  ).map(({ name, field }) => ({
    name,
    in: "query",
    ...schemas.fieldDescription(field),
    schema: schemas.type(field),
    ...(field.fieldKind === "list" ? { explode: true } : {}),
  }));
}

/** Parameters of the query of a server stream that stand for headers. */
function headerParameters(
  { method }: Binding,
  named: Readonly<Record<string, string>>,
): JsonObject[] {
  if (method.methodKind !== "server_streaming") {
    return [];
  }
  return Array.from(
    systemParametersOf(method.input, named),
    ([name, header]) => ({
      name,
      in: "query",
      schema: { type: "string" },
      description: `Stands for the header ${header}, which comes first.`,
    }),
  );
}

interface QueryLeaf {
  readonly name: string;
  readonly field: DescField;
}

function leaves(
  desc: DescMessage,
  jsonPrefix: string,
  protoPrefix: string,
  bound: readonly string[],
  above: ReadonlySet<string>,
): QueryLeaf[] {
  return desc.fields.flatMap((field): QueryLeaf[] => {
    const name = jsonPrefix + field.jsonName;
    const path = protoPrefix + field.name;
    if (bound.some((other) => other === path || path.startsWith(`${other}.`))) {
      return [];
    }
    switch (field.fieldKind) {
      case "scalar":
      case "enum":
        return [{ name, field }];
      case "list":
        return field.listKind === "message" && !isRepeatableText(field.message)
          ? []
          : [{ name, field }];
      case "map":
        return [];
      case "message": {
        const { message } = field;
        if (isTextMessage(message)) {
          return bound.some((other) => overlap(other, path))
            ? []
            : [{ name, field }];
        }
        if (
          wellKnownKind(message) !== undefined ||
          above.has(message.typeName)
        ) {
          return [];
        }
        const within = new Set(above).add(message.typeName);
        return leaves(message, `${name}.`, `${path}.`, bound, within);
      }
    }
  });
}

function requestBody(
  route: Binding,
  schemas: SchemaCollection,
  example: JsonObject | undefined,
): JsonObject | undefined {
  const { body, method } = route;
  switch (body.kind) {
    case "none":
      return undefined;
    case "message": {
      if (isHttpBody(method.input)) {
        return { content: { "*/*": { schema: {} } } };
      }
      const inPath = new Set(route.variables.map(({ path }) => path.name));
      const rest = method.input.fields.filter(({ name }) => !inPath.has(name));
      const sent =
        example &&
        Object.fromEntries(
          rest.flatMap(({ jsonName }) => {
            const value = example[jsonName];
            return value === undefined ? [] : [[jsonName, value]];
          }),
        );
      const schema =
        rest.length === method.input.fields.length
          ? schemas.message(method.input)
          : schemas.object(method.input, rest);
      return { content: requestContent(route, schema, sent) };
    }
    case "field":
      if (
        body.field.fieldKind === "message" &&
        isHttpBody(body.field.message)
      ) {
        return { content: { "*/*": { schema: {} } } };
      }
      return {
        content: requestContent(
          route,
          schemas.field(body.field),
          example?.[body.field.jsonName],
        ),
      };
  }
}

function requestContent(
  route: Binding,
  schema: JsonObject,
  example: JsonValue | undefined,
): JsonObject {
  const type =
    route.method.methodKind === "client_streaming" ? ndjsonType : jsonType;
  return {
    [type]: { schema, ...(example === undefined ? {} : { example }) },
  };
}

function responseContent(
  route: Binding,
  schemas: SchemaCollection,
): JsonObject {
  const { method, responseBody } = route;
  const raw =
    responseBody === undefined
      ? isHttpBody(method.output)
      : responseBody.fieldKind === "message" &&
        isHttpBody(responseBody.message);
  if (raw) {
    return { "*/*": { schema: {} } };
  }
  const schema =
    responseBody === undefined
      ? schemas.message(method.output)
      : schemas.field(responseBody);
  if (method.methodKind !== "server_streaming") {
    return { [jsonType]: { schema } };
  }
  return Object.fromEntries(
    streamTypes.map((type) => [
      type,
      { schema: type === jsonType ? { type: "array", items: schema } : schema },
    ]),
  );
}

/** Names operations: `Service_Method`, and a number for what would have the same name again. */
class OperationIds {
  readonly #taken = new Set<string>();

  next({ method }: Binding): string {
    const name = `${method.parent.name}_${method.name}`;
    let id = name;
    for (let n = 2; this.#taken.has(id); n++) {
      id = `${name}_${n}`;
    }
    this.#taken.add(id);
    return id;
  }
}
