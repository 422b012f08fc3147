import type { BodyForm } from "../headers/content-type.ts";
import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { HttpBodySchema } from "../../../gen/google/api/httpbody_pb.js";
import { badField, badRequest } from "../fault.ts";
import {
  assign,
  faultOfMessage,
  type FieldPath,
  holds,
  type TextFieldPath,
} from "../json/field-path.ts";
import { maskFilling } from "./field-mask.ts";
import { conformField, conformMessage } from "../json/conform.ts";
import {
  type JsonReadingOptions,
  messageDecoder,
  parseBody,
} from "../json/message.ts";
import {
  ExactNumber,
  type JsonMembers,
  type JsonNode,
} from "../json/parser.ts";
import { ValueError } from "../json/leaf.ts";
import {
  decodeMultiSegment,
  type MultiSegmentDecoding,
} from "../template/percent.ts";
import { bindQuery, type QueryRule } from "./query.ts";
import { requiredCheck } from "../json/required.ts";
import type { Binding, BoundVariable } from "../template/rule.ts";
import type { PathSegments } from "../template/target.ts";

/** How a binding's request message is made. */
export interface RequestOptions extends JsonReadingOptions {
  readonly ignoreUnknownQueryParameters: boolean;
  readonly multiSegmentDecoding: MultiSegmentDecoding;
  /** Fill a field mask that a PATCH did not send. */
  readonly patchMasks: boolean;
  readonly maxQueryParameters: number;
  readonly maxQueryDepth: number;
  /** Query parameters that are no fields of the message. */
  readonly systemParameters: ReadonlyMap<string, unknown>;
}

/** What stands around the body of a request. */
export interface RequestLine {
  /** The segments of the path, the verb cut off. */
  readonly path: PathSegments;
  readonly query: string | undefined;
  /** The Content-Type as it was sent. */
  readonly contentType: string;
}

/** Makes the request messages of one binding. */
export interface RequestReader {
  readonly bodyForm: BodyForm;
  /**
   * Makes the message of a request, or one message of a client stream.
   *
   * @param body empty where there is none.
   * @throws Fault 400
   */
  read(line: RequestLine, body: Uint8Array): Message;
}

/** Prepares all that can be known of a binding's requests before the first one comes. */
export function createRequestReader(
  binding: Binding,
  options: RequestOptions,
): RequestReader {
  const { method, variables } = binding;
  const fillBody = bodyFiller(binding, options);
  const filling = options.patchMasks ? maskFilling(binding) : undefined;
  const queryRule = createQueryRule(binding, options);
  const multiAt = binding.template.segments.findIndex(
    (segment) => segment.kind === "multi",
  );
  const length = binding.template.segments.length;
  const findMissing = requiredCheck(method.input);

  return {
    bodyForm: bodyForm(binding),
    read(line, body) {
      const content = fillBody(body, line.contentType);
      if (
        variables.length === 0 &&
        line.query === undefined &&
        filling === undefined &&
        findMissing === undefined
      ) {
        return content.message;
      }
      const message = reflect(method.input, content.message);
      const excess = line.path.raw.length - length;
      for (const bound of variables) {
        bindVariable(
          message,
          bound,
          variableText(bound, line.path, multiAt, excess, options),
          content.node,
          binding,
        );
      }
      const given =
        line.query === undefined
          ? undefined
          : bindQuery(message, line.query, queryRule);
      if (
        filling !== undefined &&
        content.node !== undefined &&
        given?.has(filling.mask.name) !== true
      ) {
        filling.fill(message, content.node);
      }
      const missing = findMissing?.(message);
      if (missing !== undefined) {
        throw badField(missing, "is required");
      }
      return content.message;
    },
  };
}

/** The message with what the body gave it, and the body's JSON: it tells what was named, a message only what is set. */
interface Content {
  readonly message: Message;
  readonly node: JsonNode | undefined;
}

function bodyForm(binding: Binding): BodyForm {
  switch (binding.body.kind) {
    case "none":
      return "none";
    case "message":
      return isHttpBody(binding.method.input) ? "raw" : "json";
    case "field": {
      const { field } = binding.body;
      return field.fieldKind === "message" && isHttpBody(field.message)
        ? "raw"
        : "json";
    }
  }
}

/** True for the message that stands for raw bytes with a content type. */
export function isHttpBody(desc: DescMessage): boolean {
  return desc.typeName === HttpBodySchema.typeName;
}

function bodyFiller(
  binding: Binding,
  options: RequestOptions,
): (body: Uint8Array, contentType: string) => Content {
  const { body: rule, method } = binding;
  const { input } = method;
  const decode = messageDecoder(input, options);
  switch (rule.kind) {
    case "none":
      return (body) => {
        if (body.length > 0) {
          throw badRequest("the request must not have a body");
        }
        return { message: create(input), node: undefined };
      };
    case "message":
      if (isHttpBody(input)) {
        return (body, contentType) => ({
          message: rawBody(input, body, contentType).message,
          node: undefined,
        });
      }
      return (body) => {
        if (body.length === 0) {
          return { message: create(input), node: undefined };
        }
        const node = parseBody(body, options.maxJsonDepth);
        return {
          message: decode(conformMessage(input, node, "", options)),
          node,
        };
      };
    case "field": {
      const { field } = rule;
      if (field.fieldKind === "message" && isHttpBody(field.message)) {
        const desc = field.message;
        return (body, contentType) => {
          const message = reflect(input);
          message.set(field, rawBody(desc, body, contentType));
          return { message: message.message, node: undefined };
        };
      }
      return (body) => {
        if (body.length === 0) {
          return { message: create(input), node: undefined };
        }
        const node = parseBody(body, options.maxJsonDepth);
        return {
          message: decode({
            [field.jsonName]: conformField(
              field,
              node,
              field.jsonName,
              options,
            ),
          }),
          node,
        };
      };
    }
  }
}

/** An HttpBody of either the generated or a dynamic type. */
function rawBody(
  desc: DescMessage,
  body: Uint8Array,
  contentType: string,
): ReflectMessage {
  const message = reflect(desc);
  for (const field of desc.fields) {
    if (field.number === HttpBodySchema.field.contentType.number) {
      message.set(field, contentType);
    } else if (field.number === HttpBodySchema.field.data.number) {
      message.set(field, body);
    }
  }
  return message;
}

function createQueryRule(binding: Binding, options: RequestOptions): QueryRule {
  const rule = {
    ignoreUnknown: options.ignoreUnknownQueryParameters,
    maxParameters: options.maxQueryParameters,
    maxLevels: options.maxQueryDepth,
    systemParameters: options.systemParameters,
  };
  if (binding.body.kind === "message") {
    return { ...rule, bound: "*" };
  }
  const bound = binding.variables.map(({ path }) => path.name);
  if (binding.body.kind === "field") {
    bound.push(binding.body.field.name);
  }
  return { ...rule, bound };
}

/** The text of a variable. `excess` is how many segments the path has more than the template, all taken by its `**`. */
function variableText(
  { variable }: BoundVariable,
  path: PathSegments,
  multiAt: number,
  excess: number,
  options: RequestOptions,
): string {
  const start =
    multiAt >= 0 && variable.start > multiAt
      ? variable.start + excess
      : variable.start;
  const end =
    multiAt >= 0 && variable.end > multiAt
      ? variable.end + excess
      : variable.end;
  if (!variable.multi) {
    return path.decoded[start] ?? "";
  }
  return decodeMultiSegment(
    path.raw.slice(start, end).join("/"),
    options.multiSegmentDecoding,
  );
}

function bindVariable(
  message: ReflectMessage,
  { path }: BoundVariable,
  text: string,
  node: JsonNode | undefined,
  binding: Binding,
): void {
  const value = readText(path, text);
  if (node !== undefined && namedInBody(node, path, binding)) {
    if (!holds(message, path, value)) {
      throw badField(
        path.name,
        "is in the path and in the body, with different values",
      );
    }
    return;
  }
  const conflict = assign(message, path, value);
  if (conflict !== undefined) {
    throw badField(
      path.name,
      `excludes ${conflict.present.name}: only one of the oneof ${conflict.oneof.name} may be set`,
    );
  }
  const fault = faultOfMessage(message, path);
  if (fault !== undefined) {
    throw badField(path.name, fault);
  }
}

function readText(path: TextFieldPath, text: string): unknown {
  try {
    return path.read(text);
  } catch (error) {
    if (error instanceof ValueError) {
      throw badField(path.name, error.message);
    }
    throw error;
  }
}

/** True if the body's JSON gives a field that the path fills too. Null leaves it unset. */
function namedInBody(
  body: JsonNode,
  path: FieldPath,
  binding: Binding,
): boolean {
  let fields: FieldPath["fields"][number][] = [...path.fields];
  if (binding.body.kind === "field") {
    if (fields[0] !== binding.body.field) {
      return false;
    }
    fields = fields.slice(1);
  }
  let node: JsonNode = body;
  for (const field of fields) {
    if (node === null) {
      return false;
    }
    if (
      typeof node !== "object" ||
      node instanceof ExactNumber ||
      Array.isArray(node)
    ) {
      // The text of a Timestamp gives all of its fields.
      return true;
    }
    const members = node as JsonMembers;
    node = members[field.jsonName] ?? members[field.name] ?? null;
  }
  return node !== null;
}
