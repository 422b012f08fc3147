/** What a page token says: where the page before ended. The first text names the list. */
export type PageEnd = readonly (string | number)[];

/** Makes the token that asks for the page after this end. */
export function toPageToken(end: PageEnd): string {
  return Buffer.from(JSON.stringify(end)).toString("base64url");
}

/** Reads a token of the list of this name. @throws RangeError where `toPageToken` did not make it for that list */
export function fromPageToken(token: string, list: string): PageEnd {
  const end = parse(Buffer.from(token, "base64url").toString());
  if (end[0] !== list || toPageToken(end) !== token) {
    throw new RangeError("no page of this list gave this token");
  }
  return end;
}

function parse(text: string): PageEnd {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every(isPart)) {
      return value;
    }
  } catch {
    // Not JSON: not one of ours.
  }
  return [];
}

/** All numbers are times in whole milliseconds; a database may have no others to compare with. */
function isPart(value: unknown): value is string | number {
  return typeof value === "string" || Number.isSafeInteger(value);
}
