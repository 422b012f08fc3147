import { Code } from "@connectrpc/connect";
import { quote } from "../cut.ts";
import { Fault } from "../fault.ts";
import { parseMediaType } from "./media-type.ts";

const jsonType = "application/json";

/** What the body of a request is to a binding. */
export type BodyForm = "none" | "json" | "raw";

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
