import { decodeAll } from "./percent.ts";

/** The two parts of a raw request target, both still encoded. */
export interface Target {
  readonly path: string;
  /** Without the question mark; undefined where there is none. */
  readonly query: string | undefined;
}

/** A raw path, cut at its slashes. `/` has no segments; `/a/` has two, the second empty. */
export interface PathSegments {
  readonly raw: readonly string[];
  readonly decoded: readonly string[];
}

/** More segments than any API has, and few enough that matching cannot be made slow. */
export const maxSegments = 64;

const absoluteForm = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/;
// A request target is ASCII without blanks or control characters (RFC 9112 section 3.2).
const visibleAscii = /^[\x21-\x7e]*$/;

/**
 * Splits a request target as it stood in the request line. It never goes through a URL parser: that folds `%2e%2e`, `\` and
 * `//x`. An absolute-form target counts by its path; any other form than origin and absolute gives undefined.
 */
export function splitTarget(target: string): Target | undefined {
  let rest = target;
  if (!target.startsWith("/")) {
    const authority = absoluteForm.exec(target);
    if (authority === null) {
      return undefined;
    }
    rest = target.slice(authority[0].length);
  }
  const mark = rest.indexOf("?");
  if (mark < 0) {
    return { path: rest === "" ? "/" : rest, query: undefined };
  }
  return {
    path: mark === 0 ? "/" : rest.slice(0, mark),
    query: rest.slice(mark + 1),
  };
}

/** Cuts a path into segments. "too-many" and "malformed" (escapes, UTF-8, raw characters that no URI has) are no paths. */
export function splitPath(
  path: string,
  ignoreTrailingSlash: boolean,
): PathSegments | "too-many" | "malformed" {
  if (!visibleAscii.test(path)) {
    return "malformed";
  }
  const trimmed =
    ignoreTrailingSlash && path.length > 1 && path.endsWith("/")
      ? path.slice(0, -1)
      : path;
  if (trimmed === "/") {
    return { raw: [], decoded: [] };
  }
  const raw = trimmed.slice(1).split("/", maxSegments + 1);
  if (!path.includes("%")) {
    return raw.length > maxSegments ? "too-many" : { raw, decoded: raw };
  }
  if (decodeAll(path) === undefined) {
    return "malformed";
  }
  if (raw.length > maxSegments) {
    return "too-many";
  }
  return { raw, decoded: raw.map((segment) => decodeURIComponent(segment)) };
}
