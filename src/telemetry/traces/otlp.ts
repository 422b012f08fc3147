import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** A value of an attribute. */
export type AttributeValue = string | number;

/** Something that was done, as part of a trace. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty where it is the first of its trace. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: "server" | "internal";
  /** Milliseconds since 1970 UTC, with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** Whether it failed by a fault of the server. */
  readonly isError: boolean;
}

const kinds = { internal: 1, server: 2 } as const;
const errorCode = 2;

/** Numbers of fields of opentelemetry.proto.trace.v1, common.v1 and collector.trace.v1. */
const fields = {
  request: { resourceSpans: 1 },
  resourceSpans: { resource: 1, scopeSpans: 2 },
  resource: { attributes: 1 },
  scopeSpans: { scope: 1, spans: 2 },
  scope: { name: 1 },
  span: {
    ...{ traceId: 1, spanId: 2, parentSpanId: 4, name: 5, kind: 6 },
    ...{ start: 7, end: 8, attributes: 9, status: 15 },
  },
  status: { code: 3 },
  keyValue: { key: 1, value: 2 },
  anyValue: { string: 1, int: 3 },
  response: { partialSuccess: 1 },
  partialSuccess: { rejectedSpans: 1 },
} as const;

/** Writes an `ExportTraceServiceRequest`. @param resource attributes of this process */
export function encodeSpans(
  resource: Readonly<Record<string, AttributeValue>>,
  spans: readonly Span[],
): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  begin(writer, fields.request.resourceSpans);
  begin(writer, fields.resourceSpans.resource);
  writeAttributes(writer, fields.resource.attributes, resource);
  writer.join();
  begin(writer, fields.resourceSpans.scopeSpans);
  begin(writer, fields.scopeSpans.scope);
  writeText(writer, fields.scope.name, "lockoutd");
  writer.join();
  for (const span of spans) {
    begin(writer, fields.scopeSpans.spans);
    writeSpan(writer, span);
    writer.join();
  }
  writer.join();
  writer.join();
  return writer.finish();
}

/** How many spans a collector did not take, by its `ExportTraceServiceResponse`; 0 where that cannot be read. */
export function readRejected(response: Uint8Array): number {
  let rejected = 0;
  try {
    eachField(response, (number, reader, type) => {
      if (
        number === fields.response.partialSuccess &&
        type === WireType.LengthDelimited
      ) {
        eachField(reader.bytes(), (inner, nested, innerType) => {
          if (
            inner === fields.partialSuccess.rejectedSpans &&
            innerType === WireType.Varint
          ) {
            rejected = Number(nested.int64());
          } else {
            nested.skip(innerType);
          }
        });
      } else {
        reader.skip(type);
      }
    });
  } catch {
    return 0;
  }
  return rejected;
}

function eachField(
  bytes: Uint8Array,
  take: (number: number, reader: BinaryReader, type: WireType) => void,
): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    take(number, reader, type);
  }
}

function writeSpan(writer: BinaryWriter, span: Span): void {
  writeHex(writer, fields.span.traceId, span.traceId);
  writeHex(writer, fields.span.spanId, span.spanId);
  if (span.parentSpanId !== "") {
    writeHex(writer, fields.span.parentSpanId, span.parentSpanId);
  }
  writeText(writer, fields.span.name, span.name);
  writer.tag(fields.span.kind, WireType.Varint).int32(kinds[span.kind]);
  writeTime(writer, fields.span.start, span.startMs);
  writeTime(writer, fields.span.end, span.endMs);
  writeAttributes(writer, fields.span.attributes, span.attributes);
  if (span.isError) {
    begin(writer, fields.span.status);
    writer.tag(fields.status.code, WireType.Varint).int32(errorCode);
    writer.join();
  }
}

function writeAttributes(
  writer: BinaryWriter,
  field: number,
  attributes: Readonly<Record<string, AttributeValue>>,
): void {
  for (const [key, value] of Object.entries(attributes)) {
    begin(writer, field);
    writeText(writer, fields.keyValue.key, key);
    begin(writer, fields.keyValue.value);
    if (typeof value === "number") {
      writer.tag(fields.anyValue.int, WireType.Varint).int64(value);
    } else {
      writeText(writer, fields.anyValue.string, value);
    }
    writer.join();
    writer.join();
  }
}

/** Begins a message within another one, which `join` ends. */
function begin(writer: BinaryWriter, field: number): void {
  writer.tag(field, WireType.LengthDelimited).fork();
}

function writeText(writer: BinaryWriter, field: number, text: string): void {
  writer.tag(field, WireType.LengthDelimited).string(text);
}

function writeHex(writer: BinaryWriter, field: number, hex: string): void {
  writer.tag(field, WireType.LengthDelimited).bytes(Buffer.from(hex, "hex"));
}

/** To the microsecond: what a clock says beyond is noise. */
function writeTime(writer: BinaryWriter, field: number, ms: number): void {
  const nanoseconds = BigInt(Math.round(ms * 1000)) * 1000n;
  writer.tag(field, WireType.Bit64).fixed64(nanoseconds);
}
