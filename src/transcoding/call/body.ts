import { Code } from "@connectrpc/connect";
import type { UniversalServerRequest } from "@connectrpc/connect/protocol";
import { quote } from "../cut.ts";
import { badRequest, bodyTooLarge, Fault } from "../fault.ts";
import { parseMediaType } from "../headers/media-type.ts";
import type { BodyForm } from "../message/request.ts";

const empty = new Uint8Array(0);
const jsonType = "application/json";

/** The bytes of a body. A JSON value that a server framework has parsed already becomes text again. */
export function bodyBytes(
  body: UniversalServerRequest["body"] | undefined,
): AsyncIterable<Uint8Array> {
  if (
    typeof body === "object" &&
    body !== null &&
    Symbol.asyncIterator in body
  ) {
    return body;
  }
  return oneChunk(
    body === undefined ? empty : Buffer.from(JSON.stringify(body)),
  );
}

/** A body that is at hand. */
export async function* oneChunk(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}

/** Reads a body whole. @throws Fault 413 once it is longer than allowed, by its Content-Length before it is read. */
export async function readBody(
  body: AsyncIterable<Uint8Array>,
  readMaxBytes: number,
  contentLength: string | null,
): Promise<Uint8Array> {
  if (contentLength !== null && Number(contentLength) > readMaxBytes) {
    throw bodyTooLarge(readMaxBytes);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.byteLength;
    if (length > readMaxBytes) {
      throw bodyTooLarge(readMaxBytes);
    }
    chunks.push(chunk);
  }
  const [first] = chunks;
  if (first === undefined) {
    return empty;
  }
  return chunks.length === 1 ? first : Buffer.concat(chunks, length);
}

/** Makes sure that a request has no body; reads no further than the first byte. @throws Fault 400 */
export async function requireNoBody(
  body: AsyncIterable<Uint8Array>,
  contentLength: string | null,
): Promise<void> {
  if (contentLength !== null && Number(contentLength) > 0) {
    throw badRequest("the request must not have a body");
  }
  for await (const chunk of body) {
    if (chunk.byteLength > 0) {
      throw badRequest("the request must not have a body");
    }
  }
}

/** What is asked of the Content-Type of a request with a body. */
export interface ContentTypeRule {
  readonly form: BodyForm;
  readonly stream: boolean;
  /** Take anything for JSON but the types of gRPC. */
  readonly any: boolean;
  readonly httpMethod: string;
}

const streamSubtypes = new Set(["x-ndjson", "ndjson", "jsonl", "x-jsonlines"]);

/** Checks the Content-Type of a request. @throws Fault 415 with Accept-Post or Accept-Patch */
export function checkContentType(
  contentType: string | null,
  rule: ContentTypeRule,
): void {
  if (contentType === null || contentType === "" || rule.form === "none") {
    return;
  }
  if (contentType === jsonType && rule.form === "json") {
    return;
  }
  const parsed = parseMediaType(contentType);
  const grpc =
    parsed?.type === "application" && /^grpc(?:[-+]|$)/.test(parsed.subtype);
  const accepted =
    rule.form === "raw"
      ? parsed !== undefined
      : rule.any
        ? !grpc
        : parsed?.type === "application" &&
          (parsed.subtype === "json" ||
            parsed.subtype.endsWith("+json") ||
            (rule.stream && streamSubtypes.has(parsed.subtype))) &&
          (parsed.charset === undefined ||
            parsed.charset === "utf-8" ||
            parsed.charset === "utf8");
  if (!accepted) {
    throw new Fault(
      415,
      Code.InvalidArgument,
      `the Content-Type ${quote(contentType)} is not supported`,
      {
        header: acceptHeader(rule),
      },
    );
  }
}

/** The header that tells what a 415 would have taken: Accept-Post, Accept-Patch (RFC 5789), for other methods Accept. */
export function acceptHeader(rule: ContentTypeRule): Record<string, string> {
  const types =
    rule.form === "raw"
      ? "*/*"
      : rule.stream
        ? "application/x-ndjson, application/json"
        : "application/json";
  switch (rule.httpMethod) {
    case "POST":
      return { "Accept-Post": types };
    case "PATCH":
      return { "Accept-Patch": types };
    default:
      return { Accept: types };
  }
}
