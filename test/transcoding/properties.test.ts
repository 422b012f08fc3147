import {
  type DescField,
  equals,
  fromJson,
  type JsonObject,
  type JsonValue,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson } from "../../src/transcoding/json/parser.ts";
import {
  parseTemplate,
  templateShape,
} from "../../src/transcoding/template/template.ts";
import { TemplateTrie } from "../../src/transcoding/template/trie.ts";
import { call, transcoderOf } from "./in-memory.ts";
import { registryOf } from "./vectors.ts";

const rules = {
  Get: { input: "Kinds", get: "/kinds" },
  Post: { input: "Kinds", post: "/kinds", body: "*" },
  Field: {
    input: "Kinds",
    post: "/child",
    body: "child",
    responseBody: "child",
  },
  Path: { input: "Kinds", get: "/p/{string_value}/{key=**}/{alt}:verb" },
} as const;
const registry = registryOf(rules);
const transcoder = transcoderOf(rules);
const kinds = registry.getMessage("transcoding.test.v1.Kinds");
if (kinds === undefined) {
  throw new Error("no message of all kinds");
}

// Of all characters those that mean something in a target are too rare.
const wellFormed = fc.oneof(
  fc
    .string({ unit: "binary", minLength: 1, maxLength: 12 })
    .filter((text) => text.isWellFormed()),
  fc.string({
    unit: fc.constantFrom(...Array.from(` +%&=:/?#;.~*{}"\\aé`)),
    minLength: 1,
    maxLength: 12,
  }),
);

// Names of string fields, for variables.
const stringFields = [
  "string_value",
  "renamed",
  "key",
  "alt",
  "optional_string",
  "choice_string",
];

interface Segment {
  readonly text: string;
  /** What it becomes in a path, as decoded segments. */
  readonly values: readonly string[];
}

const literal = fc
  .constantFrom("a", "b", "items", "v1", "x:y")
  .map((text): Segment => ({ text, values: [text] }));
const single = wellFormed.map((value): Segment => ({
  text: "*",
  values: [value],
}));
// Of `**`, whose value keeps %2F: no slashes within.
const multi = fc
  .array(
    wellFormed.map((text) => text.replaceAll("/", "")),
    { maxLength: 4 },
  )
  .map((values): Segment => ({ text: "**", values }));

/** A template with its request: variables around some segments, and a verb. */
const templates = fc
  .record({
    before: fc.array(fc.oneof(literal, single), { minLength: 1, maxLength: 4 }),
    multi: fc.option(multi),
    after: fc.array(fc.oneof(literal, single), { maxLength: 3 }),
    verb: fc.option(fc.constantFrom("run", "cancel", "a-b")),
    cuts: fc.array(fc.nat({ max: 3 }), { minLength: 8, maxLength: 8 }),
  })
  .map(({ before, multi, after, verb, cuts }) => {
    const segments = [...before, ...(multi === null ? [] : [multi]), ...after];
    const names = [...stringFields];
    const parts: string[] = [];
    const values: Record<string, string> = {};
    for (let i = 0, cut = 0; i < segments.length; cut++) {
      const length = Math.min(
        cuts[cut % cuts.length] ?? 0,
        segments.length - i,
      );
      const name = length === 0 ? undefined : names.shift();
      if (name === undefined) {
        parts.push(templateText(segments[i]));
        i++;
        continue;
      }
      const taken = segments.slice(i, i + length);
      parts.push(`{${name}=${taken.map(templateText).join("/")}}`);
      const spans = length > 1 || taken[0]?.text === "**";
      const whole = taken.flatMap((segment) => segment.values);
      values[name] = whole
        .map((value) => (spans ? value.replaceAll("/", "%2F") : value))
        .join("/");
      i += length;
    }
    const path = segments.flatMap((segment) =>
      segment.values.map((value) => encodeSegment(value, segment.text)),
    );
    const suffix = verb === null ? "" : `:${verb}`;
    return {
      template: `/${parts.join("/")}${suffix}`,
      path: `/${path.join("/")}${suffix}`,
      values,
    };
  });

function templateText(segment: Segment | undefined): string {
  return segment?.text ?? "";
}

function encodeSegment(value: string, template: string): string {
  return template.startsWith("*") ? encodeURIComponent(value) : value;
}

describe("paths", () => {
  it("give back the values that they were made from", async () => {
    await fc.assert(
      fc.asyncProperty(templates, async ({ template, path, values }) => {
        // A last segment that is a literal with a colon would be a verb.
        fc.pre(!/:[^/}]*:|x:y$|x:y}$/.test(template));
        const one = transcoderOf({ Get: { input: "Kinds", get: template } });
        const answer = await call(one, `GET ${path}`);
        expect({
          template,
          path,
          ...(JSON.parse(answer.text) as object),
        }).toEqual({
          template,
          path,
          ...named(values),
        });
      }),
      { numRuns: 150 },
    );
  });

  it("mean the same in every spelling", async () => {
    await fc.assert(
      fc.asyncProperty(
        wellFormed,
        wellFormed,
        fc.infiniteStream(fc.nat({ max: 2 })),
        async (a, b, choices) => {
          const plain = `/p/${encodeURIComponent(a)}/${encodeURIComponent(b)}/c:verb`;
          const first = await call(transcoder, `GET ${plain}`);
          const second = await call(
            transcoder,
            `GET ${respell(plain, choices)}`,
          );
          expect(first.status).toBe(200);
          expect({ ...second, text: withUpperHex(second.text) }).toEqual({
            ...first,
            text: withUpperHex(first.text),
          });
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** The request as its JSON: an empty string is no field, unless it has presence. */
function named(values: Readonly<Record<string, string>>): JsonObject {
  const message: JsonObject = {};
  for (const [name, value] of Object.entries(values)) {
    const field = kinds?.fields.find((candidate) => candidate.name === name);
    const present = field?.oneof !== undefined || name.startsWith("optional");
    if (field !== undefined && (value !== "" || present)) {
      message[field.jsonName] = value;
    }
  }
  return message;
}

/** Escapes characters that need no escape, and changes the case of hexadecimal digits. */
function respell(path: string, choices: Iterator<number>): string {
  return path.replace(
    /%[0-9A-F]{2}|[A-Za-z0-9\-._~](?![^/]*:verb)/g,
    (text) => {
      switch (choices.next().value) {
        case 0:
          return text.startsWith("%")
            ? text.toLowerCase()
            : `%${text.charCodeAt(0).toString(16)}`;
        default:
          return text;
      }
    },
  );
}

// A kept %2F stays as it was written.
function withUpperHex(text: string): string {
  return text.replace(/%2f/g, "%2F");
}

/** A JSON value for a field that a query can hold, in ProtoJSON. */
function fieldValue(field: DescField): fc.Arbitrary<JsonValue> | undefined {
  switch (field.fieldKind) {
    case "scalar":
      return scalarValue(field.scalar);
    case "enum":
      return field.enum.typeName === "google.protobuf.NullValue"
        ? undefined
        : fc.constantFrom<JsonValue>(
            "COLOR_RED",
            "COLOR_BLUE",
            "COLOR_NEGATIVE",
            17,
          );
    case "list": {
      const item =
        field.listKind === "scalar"
          ? scalarValue(field.scalar)
          : field.listKind === "enum"
            ? fc.constantFrom<JsonValue>("COLOR_UNSPECIFIED", "COLOR_RED", 17)
            : undefined;
      return item === undefined
        ? undefined
        : fc.array(item, { minLength: 1, maxLength: 3 });
    }
    case "message":
      switch (field.message.typeName) {
        case "google.protobuf.Timestamp":
          return fc
            .date({
              min: new Date("0001-01-01T00:00:00Z"),
              max: new Date("9999-12-31T23:59:59Z"),
              noInvalidDate: true,
            })
            .map((date) => date.toISOString().replace(".000Z", "Z"));
        case "google.protobuf.Duration":
          return fc
            .integer({ min: -315_576_000, max: 315_576_000 })
            .map((seconds) => `${seconds}s`);
        case "google.protobuf.FieldMask":
          return fc.constantFrom("a", "a,bC", "a.b,cD.e");
        case "google.protobuf.Int64Value":
          return scalarValue(ScalarType.INT64);
        case "google.protobuf.StringValue":
          return scalarValue(ScalarType.STRING);
        case "google.protobuf.BoolValue":
          return scalarValue(ScalarType.BOOL);
        default:
          return undefined;
      }
    case "map":
      return undefined;
  }
}

function scalarValue(type: ScalarType): fc.Arbitrary<JsonValue> {
  switch (type) {
    case ScalarType.STRING:
      return wellFormed;
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.BYTES:
      return fc
        .uint8Array({ maxLength: 8 })
        .map((bytes) => Buffer.from(bytes).toString("base64"));
    case ScalarType.DOUBLE:
      return fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .filter((value) => !Object.is(value, -0));
    case ScalarType.FLOAT:
      return fc
        .float({ noNaN: true, noDefaultInfinity: true })
        .filter((value) => !Object.is(value, -0));
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return fc.integer({ min: 0, max: 2 ** 32 - 1 });
    default:
      return fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  }
}

/** Some fields of a message, each with a value that ProtoJSON writes; of the oneof at most one. */
const messages = fc
  .record(
    Object.fromEntries(
      kinds.fields
        .filter(
          (field) => field.oneof === undefined || field.name === "choice_int32",
        )
        .flatMap((field) => {
          const value = fieldValue(field);
          return value === undefined ? [] : [[field.jsonName, value] as const];
        }),
    ),
    { requiredKeys: [] },
  )
  .map(
    (fields) =>
      toJson(kinds, fromJson(kinds, fields as JsonValue)) as JsonObject,
  );

describe("queries", () => {
  it("give back the message that they were made from, in any order and spelling", async () => {
    await fc.assert(
      fc.asyncProperty(
        messages,
        messages,
        fc.boolean(),
        fc.func(fc.nat()),
        async (own, child, snake, order) => {
          const parameters = [
            ...flatten(own, "", snake),
            ...flatten(child, "child.", !snake),
          ];
          fc.pre(parameters.length <= 256);
          const sorted = snake ? stableShuffle(parameters, order) : parameters;
          const query = sorted
            .map(([name, value]) => `${name}=${encodeQuery(value)}`)
            .join("&");
          fc.pre(query.length < 8000);
          const answer = await call(transcoder, `GET /kinds?${query}`);
          const expected = {
            ...own,
            ...(Object.keys(child).length === 0 ? {} : { child }),
          };
          expect(JSON.parse(answer.text)).toEqual(expected);
        },
      ),
      { numRuns: 150 },
    );
  });
});

function flatten(
  message: JsonObject,
  prefix: string,
  snake: boolean,
): [string, string][] {
  return Object.entries(message).flatMap(([jsonName, value]) => {
    const field = kinds?.fields.find(
      (candidate) => candidate.jsonName === jsonName,
    );
    const name = prefix + (snake ? (field?.name ?? "") : jsonName);
    const values = Array.isArray(value) ? value : [value];
    return values.map((item): [string, string] => [
      name,
      typeof item === "string" ? item : JSON.stringify(item),
    ]);
  });
}

/** Another order, in which the values of one name keep theirs. */
function stableShuffle(
  parameters: [string, string][],
  order: (name: string) => number,
): [string, string][] {
  return parameters.toSorted(([a], [b]) => order(a) - order(b));
}

function encodeQuery(value: string): string {
  return encodeURIComponent(value).replaceAll("%20", "+");
}

describe("bodies", () => {
  it("come back as they were sent, whole and as one field", async () => {
    await fc.assert(
      fc.asyncProperty(messages, fc.json(), async (message, other) => {
        const sent = {
          ...message,
          value: JSON.parse(other) as JsonValue,
          kindsMap: { k: message },
        };
        const body = JSON.stringify(sent);
        const expected = fromJson(kinds, sent);
        for (const send of ["POST /kinds", "POST /child"]) {
          const answer = await call(transcoder, send, { body });
          const received = fromJson(
            kinds,
            JSON.parse(answer.text) as JsonValue,
          );
          expect(equals(kinds, received, expected)).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("are parsed as JSON.parse does", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.stringify(parseJson(text, 100), exact)).toBe(
          JSON.stringify(JSON.parse(text)),
        );
      }),
    );
  });

  it("are JSON only where JSON.parse says so", () => {
    const pieces = fc.constantFrom(
      ...'{}[]:,"0123.eE+- \n\\utfalsn'.split(""),
      "null",
      "true",
      '"a"',
      "\u0000",
      "é",
    );
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join("")),
        (text) => {
          if (accepts(() => parseJson(text, 100))) {
            expect(accepts(() => JSON.parse(text) as unknown)).toBe(true);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});

function exact(_name: string, value: unknown): unknown {
  return typeof value === "object" &&
    value !== null &&
    "text" in value &&
    Object.keys(value).length === 1
    ? Number(value.text)
    : value;
}

function accepts(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

describe("any input", () => {
  const raw = fc.string({ unit: "binary-ascii", maxLength: 60 });
  const piece = fc.constantFrom(
    "/",
    "//",
    "kinds",
    "p",
    "child",
    ":verb",
    ":",
    "?",
    "&",
    "=",
    "%",
    "%2F",
    "%zz",
    "%FF",
    "..",
    "stringValue",
    ".",
    "child.",
    "key",
    "$x",
    "1",
    "+",
    "*",
    "**",
    "{",
    "http://h",
  );
  const target = fc.oneof(
    raw,
    fc.array(piece, { maxLength: 12 }).map((parts) => `/${parts.join("")}`),
  );
  const header = fc.dictionary(
    fc.constantFrom(
      "accept",
      "content-type",
      "content-encoding",
      "accept-encoding",
      "grpc-timeout",
      "content-length",
    ),
    fc.oneof(
      raw.map((text) => text.replace(/[^\x20-\x7e]/g, "").trim()),
      fc.constantFrom(
        "application/json",
        "gzip;q=0.5, *",
        "*/*;q=0",
        '"',
        ";=,",
      ),
    ),
  );
  it("is answered", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("GET", "POST", "HEAD", "OPTIONS", "PATCH", "Ü"),
        target,
        header,
        fc.oneof(fc.json(), fc.string({ unit: "binary" }), fc.uint8Array()),
        async (method, path, header, body) => {
          const answer = await call(transcoder, `${method} ${path}`, {
            header,
            body,
          });
          expect(answer.status).toBeGreaterThanOrEqual(200);
          expect(answer.status).not.toBe(500);
          expect(answer.broken).toBeUndefined();
        },
      ),
      { numRuns: 1500 },
    );
  });
});

describe("templates", () => {
  it("are parsed or refused with a column, never otherwise", () => {
    const pieces = fc.constantFrom(
      "/",
      "{",
      "}",
      "*",
      "**",
      "=",
      ":",
      "a",
      "name",
      ".",
      "%41",
      "%",
      " ",
    );
    fc.assert(
      fc.property(
        fc
          .array(pieces, { maxLength: 14 })
          .map((parts) => `/${parts.join("")}`),
        (text) => {
          try {
            expect(templateShape(parseTemplate(text)).startsWith("/")).toBe(
              true,
            );
          } catch (error) {
            expect(String(error)).toMatch(
              /^TemplateError: template ".*", column \d+: /,
            );
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe("matching takes time that is linear in the path", () => {
  function trieOf(templates: readonly string[]): TemplateTrie<string> {
    const trie = new TemplateTrie<string>();
    for (const template of templates) {
      trie.add(parseTemplate(template), "GET", template);
    }
    return trie;
  }

  const mixtures = [
    ...Array.from(
      { length: 20 },
      (_, i) => `/${"*/".repeat(i)}**/${"*/".repeat(20 - i)}end`,
    ),
    ...Array.from(
      { length: 20 },
      (_, i) => `/${"a/".repeat(i)}*/${"a/".repeat(20 - i)}**/end`,
    ),
    ...Array.from({ length: 20 }, (_, i) => `/**${"/a/*".repeat(i)}/end`),
  ];

  it("visits each place at most once for each segment, 64 segments of mixtures included", () => {
    const trie = trieOf(mixtures);
    for (const length of [8, 16, 32, 64]) {
      const path = Array.from({ length }, () => "a");
      const before = trie.visits;
      expect(trie.find("GET", path)).toBeUndefined();
      expect(trie.visits - before).toBeLessThanOrEqual(
        trie.size * (length + 1),
      );
      const collected = trie.visits;
      expect(trie.methods(path).size).toBe(0);
      expect(trie.visits - collected).toBeLessThanOrEqual(
        trie.size * (length + 1),
      );
    }
  });

  it("does not look at the characters of a path of 100,000 more than a few times", () => {
    const trie = trieOf(mixtures);
    const before = trie.visits;
    trie.find("GET", ["a".repeat(100_000)]);
    expect(trie.visits - before).toBeLessThanOrEqual(2 * trie.size);
    const long = transcoderOf(
      { Get: { input: "Kinds", get: "/{string_value=**}" } },
      {},
      { maxTargetBytes: 1_000_000 },
    );
    expect(long.match("GET", `/${"a/".repeat(50_000)}`).kind).toBe("not-found");
    expect(long.match("GET", `/${"%41".repeat(33_000)}`).kind).toBe("found");
    expect(long.match("GET", "/".repeat(100_000)).kind).toBe("not-found");
  });
});
