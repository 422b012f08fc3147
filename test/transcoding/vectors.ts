import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  create,
  type FileRegistry,
  fromBinary,
  type JsonObject,
  type JsonValue,
  setExtension,
} from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  type MethodDescriptorProto,
  MethodDescriptorProtoSchema,
  MethodOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { http } from "../../gen/google/api/annotations_pb.js";
import { type HttpRule, HttpRuleSchema } from "../../gen/google/api/http_pb.js";
import { createRegistryOf } from "./descriptor-set.ts";

/** A google.api.http rule, as short as it can be written. */
export interface VectorPattern {
  readonly get?: string;
  readonly put?: string;
  readonly post?: string;
  readonly delete?: string;
  readonly patch?: string;
  readonly custom?: readonly [kind: string, path: string];
  readonly body?: string;
  readonly responseBody?: string;
}

/** A method with its rule. Types without a package are those of test/transcoding/proto. */
export interface VectorRule extends VectorPattern {
  readonly input: string;
  /** The input's type, unless it is given. */
  readonly output?: string;
  readonly stream?: "client" | "server" | "bidi";
  readonly additional?: readonly (VectorPattern & {
    readonly additional?: readonly VectorPattern[];
  })[];
}

/** One request and what must come of it. */
export interface VectorRow {
  /** Where it is written that it must be so. */
  readonly source: string;
  /** Method and request target. */
  readonly send: string;
  /** HTTP/2 has no such request. */
  readonly http1Only?: boolean;
  readonly header?: Readonly<Record<string, string>>;
  /** Sent as it stands; anything but a string as JSON. */
  readonly body?: JsonValue;
  /** The body in base64, for one that is no text. */
  readonly bytes?: string;
  /** The rule that answers, and the message that it was given. */
  readonly bound?: Readonly<Record<string, JsonValue>>;
  /** 200 unless given. */
  readonly status?: number;
  /** The code of the error. */
  readonly code?: number;
  /** The field that the error's BadRequest detail names. */
  readonly field?: string;
  /** Headers of the answer that must be so; null for one that must not be there. */
  readonly answer?: Readonly<Record<string, string | null>>;
  /** The body of the answer, as it stands. */
  readonly text?: string;
}

/** Rules that are served together, and requests to them. */
export interface VectorGroup {
  readonly group: string;
  readonly options?: readonly string[];
  readonly rules: Readonly<Record<string, VectorRule>>;
  readonly rows: readonly VectorRow[];
}

/** A rule that must be refused at start. */
export interface RefusedRow {
  readonly source: string;
  readonly rules: Readonly<Record<string, VectorRule>>;
  /** The method that the error names. */
  readonly culprit: string;
  /** A part of the error's reason. */
  readonly reason: string;
}

const testPackage = "transcoding.test.v1";
const serviceFile = "transcoding/test/v1/vectors.proto";
const vectorFolder = new URL("vectors/", import.meta.url);

/** All groups of the vectors. */
export function readGroups(): VectorGroup[] {
  return readdirSync(vectorFolder)
    .filter((name) => name.endsWith(".json") && name !== "refused.json")
    .sort()
    .flatMap((name) => readJson(name) as VectorGroup[]);
}

/** The rules that no server starts with. */
export function readRefused(): RefusedRow[] {
  return readJson("refused.json") as RefusedRow[];
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, vectorFolder), "utf8"));
}

let compiled: readonly FileDescriptorProto[] | undefined;

/** The files of test/transcoding/proto, compiled. */
export function testFiles(): readonly FileDescriptorProto[] {
  compiled ??= compile();
  return compiled;
}

function compile(): readonly FileDescriptorProto[] {
  const folder = mkdtempSync(join(tmpdir(), "transcoding-"));
  try {
    const path = join(folder, "set.binpb");
    const modules = [{ path: "proto" }, { path: "test/transcoding/proto" }];
    execFileSync(
      join("node_modules", ".bin", "buf"),
      [
        "build",
        ...["--config", JSON.stringify({ version: "v2", modules })],
        ...["--path", "test/transcoding/proto/transcoding"],
        ...["-o", path],
      ],
      { cwd: new URL("../../", import.meta.url), stdio: "pipe" },
    );
    return fromBinary(FileDescriptorSetSchema, readFileSync(path)).file;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The descriptors of a service `transcoding.test.v1.Vectors` with the given rules. */
export function registryOf(
  rules: Readonly<Record<string, VectorRule>>,
): FileRegistry {
  return createRegistryOf(filesOf(rules));
}

/** The files of {@link registryOf}. */
export function filesOf(
  rules: Readonly<Record<string, VectorRule>>,
): FileDescriptorProto[] {
  return [
    ...testFiles(),
    create(FileDescriptorProtoSchema, {
      name: serviceFile,
      package: testPackage,
      syntax: "proto3",
      dependency: [
        "transcoding/test/v1/messages.proto",
        "transcoding/test/v1/proto2.proto",
        "transcoding/test/v1/editions.proto",
        "google/api/annotations.proto",
        "google/api/httpbody.proto",
        "google/protobuf/empty.proto",
        "google/protobuf/struct.proto",
        "google/protobuf/wrappers.proto",
        "google/protobuf/timestamp.proto",
      ],
      service: [
        {
          name: "Vectors",
          method: Object.entries(rules).map(([name, rule]) =>
            methodOf(name, rule),
          ),
        },
      ],
    }),
  ];
}

function methodOf(name: string, rule: VectorRule): MethodDescriptorProto {
  const options = create(MethodOptionsSchema);
  setExtension(options, http, ruleOf(rule));
  return create(MethodDescriptorProtoSchema, {
    name,
    inputType: typeName(rule.input),
    outputType: typeName(rule.output ?? rule.input),
    clientStreaming: rule.stream === "client" || rule.stream === "bidi",
    serverStreaming: rule.stream === "server" || rule.stream === "bidi",
    options,
  });
}

function typeName(name: string): string {
  return name.includes(".") ? `.${name}` : `.${testPackage}.${name}`;
}

function ruleOf(
  pattern: VectorPattern & {
    readonly additional?: VectorRule["additional"] | readonly VectorPattern[];
  },
): HttpRule {
  return create(HttpRuleSchema, {
    pattern: patternOf(pattern),
    body: pattern.body ?? "",
    responseBody: pattern.responseBody ?? "",
    additionalBindings: (pattern.additional ?? []).map(ruleOf),
  });
}

function patternOf(pattern: VectorPattern): HttpRule["pattern"] {
  const { custom } = pattern;
  if (custom !== undefined) {
    const value = create(HttpRuleSchema, {
      pattern: { case: "custom", value: { kind: custom[0], path: custom[1] } },
    });
    return value.pattern;
  }
  for (const method of ["get", "put", "post", "delete", "patch"] as const) {
    const path = pattern[method];
    if (path !== undefined) {
      return { case: method, value: path };
    }
  }
  return { case: undefined };
}

/** The body of a row's request. */
export function bodyOf(row: VectorRow): Uint8Array | undefined {
  if (row.bytes !== undefined) {
    return Buffer.from(row.bytes, "base64");
  }
  if (row.body === undefined) {
    return undefined;
  }
  return Buffer.from(
    typeof row.body === "string" ? row.body : JSON.stringify(row.body),
  );
}

/** An answer, however it was carried. */
export interface VectorAnswer {
  readonly status: number;
  readonly header: Headers;
  readonly text: string;
}

/** What an answer must be, and what it was: two values that a test compares. */
export function compareAnswer(
  row: VectorRow,
  answer: VectorAnswer,
): { readonly expected: JsonObject; readonly actual: JsonObject } {
  const [method, message] = Object.entries(row.bound ?? {})[0] ?? [];
  const expected: Record<string, JsonValue> = {
    status: row.status ?? 200,
  };
  const actual: Record<string, JsonValue> = { status: answer.status };
  const note = (name: string, wanted: JsonValue, found: JsonValue): void => {
    expected[name] = wanted;
    actual[name] = found;
  };
  if (method !== undefined && message !== undefined) {
    note("rpc", `${testPackage}.Vectors/${method}`, answer.header.get("x-rpc"));
    note("message", message, parsed(answer.text));
  }
  if (row.code !== undefined) {
    note("code", row.code, member(parsed(answer.text), "code"));
    note(
      "type of the error",
      "application/json",
      answer.header.get("content-type"),
    );
  }
  if (row.field !== undefined) {
    const [detail] = list(member(parsed(answer.text), "details"));
    const [violation] = list(member(detail ?? null, "fieldViolations"));
    note("field", row.field, member(violation ?? null, "field"));
  }
  for (const [name, value] of Object.entries(row.answer ?? {})) {
    note(name, value, answer.header.get(name));
  }
  if (row.text !== undefined) {
    note("text", row.text, answer.text);
  }
  if (answer.status !== (row.status ?? 200)) {
    actual["text"] = answer.text;
  }
  return { expected, actual };
}

function parsed(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return `not JSON: ${text}`;
  }
}

function member(json: JsonValue, name: string): JsonValue {
  return typeof json === "object" && json !== null && !Array.isArray(json)
    ? (json[name] ?? null)
    : null;
}

function list(json: JsonValue): readonly JsonValue[] {
  return Array.isArray(json) ? json : [];
}
