import { ScalarType } from "@bufbuild/protobuf";
import type {
  DescField,
  DescMessage,
  DescService,
  Message,
} from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { ErrorName } from "../../lockout/errors/errors.ts";
import type { FieldBound, ListBound, TextBound } from "./request-bounds.ts";
import { firstCharacters, isLongerThan } from "./text-length.ts";

/** Checks a message, or what a oneof of it holds: texts that may be cut are cut. @throws LockoutError */
type Check = (holder: Record<string, unknown>) => void;

/**
 * The methods of a service, each of which sees a request only after its lengths were checked. The checks are compiled once,
 * here, and visit only fields that have a length.
 *
 * @throws Error where a text, bytes or a list of a request has no bound.
 */
export function withinBounds<Desc extends DescService>(
  service: Desc,
  implementation: ServiceImpl<Desc>,
  bounds: Readonly<Record<string, FieldBound>>,
): ServiceImpl<Desc> {
  const methods: Record<string, unknown> = { ...implementation };
  for (const { localName, methodKind, input } of service.methods) {
    const method = methods[localName] as
      ((request: Message, context: unknown) => unknown) | undefined;
    if (method === undefined) {
      continue;
    }
    if (methodKind !== "unary" && methodKind !== "server_streaming") {
      throw new Error(
        `${service.typeName}.${localName} takes a stream, whose messages nothing checks`,
      );
    }
    const check = compile(input, bounds, []);
    if (check === undefined) {
      continue;
    }
    methods[localName] = (request: Message, context: unknown) => {
      check(request);
      return method(request, context);
    };
  }
  return methods as ServiceImpl<Desc>;
}

/** Nothing where a message has no field with a length. */
function compile(
  message: DescMessage,
  bounds: Readonly<Record<string, FieldBound>>,
  within: readonly DescMessage[],
): Check | undefined {
  if (within.includes(message)) {
    throw new Error(
      `${message.typeName} holds messages of its own type, which have no bound`,
    );
  }
  const checks = message.fields.flatMap((field) => {
    const check = compileField(field, bounds, [...within, message]);
    return check === undefined ? [] : [inOneof(field, check)];
  });
  if (checks.length === 0) {
    return undefined;
  }
  return (holder) => {
    for (const check of checks) {
      check(holder);
    }
  };
}

function compileField(
  field: DescField,
  bounds: Readonly<Record<string, FieldBound>>,
  within: readonly DescMessage[],
): Check | undefined {
  const place = placeOf(field);
  if (field.fieldKind === "message") {
    const check = compile(field.message, bounds, within);
    return (
      check &&
      ((holder) => {
        const value = holder[place];
        if (value !== undefined) {
          check(value as Record<string, unknown>);
        }
      })
    );
  }
  const bound = bounds[`${field.parent.typeName}.${field.name}`];
  if (field.fieldKind === "scalar") {
    if (!hasLength(field.scalar)) {
      return undefined;
    }
    return checkText(field, place, requireText(field, bound));
  }
  if (field.fieldKind === "list") {
    const each =
      field.listKind === "message"
        ? compile(field.message, bounds, within)
        : undefined;
    return checkList(field, place, requireList(field, bound), each);
  }
  if (field.fieldKind === "map") {
    throw new Error(`${nameOf(field)} is a map, which nothing checks`);
  }
  return undefined;
}

function checkText(
  field: DescField,
  place: string,
  { characters, above }: TextBound,
): Check {
  if (above === "cut") {
    return (holder) => {
      const value = holder[place];
      if (isTooLong(value, characters)) {
        holder[place] = firstCharacters(String(value), characters);
      }
    };
  }
  return (holder) => {
    if (isTooLong(holder[place], characters)) {
      refuse(
        ...([above, field] as const),
        () => `${field.name} has at most ${characters} characters`,
      );
    }
  };
}

function checkList(
  field: DescField & { readonly fieldKind: "list" },
  place: string,
  { elements, above, each }: ListBound,
  checkEach: Check | undefined,
): Check {
  return (holder) => {
    const list = holder[place] as readonly unknown[];
    if (list.length > elements) {
      refuse(
        ...([above, field] as const),
        () => `${field.name} has at most ${elements} values`,
      );
    }
    if (checkEach !== undefined) {
      for (const value of list) {
        checkEach(value as Record<string, unknown>);
      }
    }
    if (each === undefined) {
      return;
    }
    for (const value of list) {
      if (isTooLong(value, each.characters)) {
        refuse(
          ...([each.above, field] as const),
          () =>
            `each value of ${field.name} has at most ${each.characters} characters`,
        );
      }
    }
  };
}

function isTooLong(value: unknown, most: number): boolean {
  if (typeof value === "string") {
    return isLongerThan(value, most);
  }
  return value instanceof Uint8Array && value.byteLength > most;
}

/** Errors of which the message says which of several reasons it is. */
const namesField: ReadonlySet<ErrorName> = new Set(["hookUrlInvalid"]);

function refuse(
  name: ErrorName | "cut",
  field: DescField,
  says: () => string,
): never {
  if (name === "cut") {
    throw new Error("the values of a list are not cut");
  }
  if (namesField.has(name)) {
    const description = says();
    const violations = [{ field: field.name, description }];
    throw new LockoutError(name, { about: description, violations });
  }
  throw new LockoutError(
    name,
    name === "requestTooLong" ? { about: says() } : {},
  );
}

/** Fields of a oneof are together under its name, as the one that is set and its value. */
function placeOf(field: DescField): string {
  return field.oneof === undefined ? field.localName : "value";
}

function inOneof(field: DescField, check: Check): Check {
  const { oneof, localName } = field;
  if (oneof === undefined) {
    return check;
  }
  return (holder) => {
    const chosen = holder[oneof.localName] as Record<string, unknown>;
    if (chosen["case"] === localName) {
      check(chosen);
    }
  };
}

function hasLength(scalar: ScalarType): boolean {
  return scalar === ScalarType.STRING || scalar === ScalarType.BYTES;
}

function requireText(
  field: DescField,
  bound: FieldBound | undefined,
): TextBound {
  if (bound !== undefined && "characters" in bound) {
    return bound;
  }
  throw new Error(
    `${nameOf(field)} has no bound of its characters: give it one in request-bounds.ts`,
  );
}

function requireList(
  field: DescField & { readonly fieldKind: "list" },
  bound: FieldBound | undefined,
): ListBound {
  if (bound === undefined || !("elements" in bound)) {
    throw new Error(
      `${nameOf(field)} has no bound of its elements: give it one in request-bounds.ts`,
    );
  }
  if (
    field.listKind === "scalar" &&
    hasLength(field.scalar) &&
    (bound.each === undefined || bound.each.above === "cut")
  ) {
    throw new Error(
      `the elements of ${nameOf(field)} have no bound: give them one in request-bounds.ts`,
    );
  }
  return bound;
}

function nameOf(field: DescField): string {
  return `${field.parent.typeName}.${field.name}`;
}
