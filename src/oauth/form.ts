import { OAuthError } from "./oauth-error.ts";
import type { OAuthRequest } from "./handler.ts";

/** The most bytes of a form: two assertions with RSA of 4096 bits, and as much again. */
export const maxFormBytes = 16 * 1024;

/** More fields than this are no form that a client sends. */
const maxFields = 100;

/** The fields of a form, each of which is there once. */
export type Form = ReadonlyMap<string, string>;

/** Reads the form of a request. @throws OAuthError where there is none, or a field comes twice */
export function readForm({
  body,
  contentType,
  contentEncoding = "identity",
}: Pick<OAuthRequest, "body" | "contentType" | "contentEncoding">): Form {
  const [type = ""] = contentType.split(";", 1);
  if (type.trim().toLowerCase() !== "application/x-www-form-urlencoded") {
    throw new OAuthError(
      "invalid_request",
      "send a form: Content-Type is application/x-www-form-urlencoded",
    );
  }
  if (contentEncoding.toLowerCase() !== "identity") {
    throw new OAuthError("invalid_request", "send the form uncompressed");
  }
  if (body === undefined) {
    throw new OAuthError(
      "invalid_request",
      `a form has at most ${maxFormBytes} bytes`,
    );
  }
  const fields = new Map<string, string>();
  const text = Buffer.from(body).toString();
  for (const part of text === "" ? [] : text.split("&", maxFields + 1)) {
    const equals = part.indexOf("=");
    const name = decode(equals < 0 ? part : part.slice(0, equals));
    if (fields.has(name)) {
      throw new OAuthError("invalid_request", "a field comes twice");
    }
    fields.set(name, equals < 0 ? "" : decode(part.slice(equals + 1)));
  }
  if (fields.size > maxFields) {
    throw new OAuthError(
      "invalid_request",
      `a form has at most ${maxFields} fields`,
    );
  }
  return fields;
}

/** A field that is there and not empty. */
export function fieldOf(form: Form, name: string): string | undefined {
  const value = form.get(name);
  return value === "" ? undefined : value;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new OAuthError("invalid_request", "the form is malformed");
  }
}
