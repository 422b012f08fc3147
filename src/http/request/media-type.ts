import { parseMediaType } from "../../transcoding/index.ts";

/**
 * The media type of an RPC without its parameters: none of them changes anything, but some clients say a charset, or what they like,
 * of whatever they send.
 *
 * @returns in lower case; as it was sent where it is malformed, or says another charset than UTF-8
 */
export function rpcMediaType(contentType: string): string {
  const parsed = parseMediaType(contentType);
  if (parsed === undefined) {
    return contentType;
  }
  const { type, subtype, charset = "utf-8" } = parsed;
  return charset === "utf-8" || charset === "utf8"
    ? `${type}/${subtype}`
    : contentType;
}
