import { webHeaders } from "../http-request.ts";

/** The names, in lower case, that can be read without making web headers. */
const simpleNames = new Map<string, string | undefined>();
const maxNames = 1000;

/** Timeouts are none of them: they are cut to what timers take, which is not done here. */
function simpleName(name: string): string | undefined {
  const known = simpleNames.get(name);
  if (known !== undefined || simpleNames.has(name)) {
    return known;
  }
  const simple =
    /^[A-Za-z-]+$/.test(name) && !/timeout/i.test(name)
      ? name.toLowerCase()
      : undefined;
  if (simpleNames.size < maxNames) {
    simpleNames.set(name, simple);
  }
  return simple;
}

/** Web headers of a request that are made when more is asked for than single values: most calls want two of them. */
export class RequestHeaders implements Headers {
  readonly #rawHeaders: readonly string[];
  #made: Headers | undefined;

  /** @param rawHeaders names and values by turns, as they came */
  constructor(rawHeaders: readonly string[]) {
    this.#rawHeaders = rawHeaders;
  }

  get(name: string): string | null {
    const simple = this.#made === undefined ? simpleName(name) : undefined;
    return simple === undefined
      ? this.#make().get(name)
      : (rawHeader(this.#rawHeaders, simple) ?? null);
  }

  has(name: string): boolean {
    return this.#make().has(name);
  }

  append(name: string, value: string): void {
    this.#make().append(name, value);
  }

  set(name: string, value: string): void {
    this.#make().set(name, value);
  }

  delete(name: string): void {
    this.#make().delete(name);
  }

  getSetCookie(): string[] {
    return this.#make().getSetCookie();
  }

  forEach(...args: Parameters<Headers["forEach"]>): void {
    this.#make().forEach(...args);
  }

  entries(): ReturnType<Headers["entries"]> {
    return this.#make().entries();
  }

  keys(): ReturnType<Headers["keys"]> {
    return this.#make().keys();
  }

  values(): ReturnType<Headers["values"]> {
    return this.#make().values();
  }

  [Symbol.iterator](): ReturnType<Headers["entries"]> {
    return this.#make().entries();
  }

  #make(): Headers {
    return (this.#made ??= webHeaders(this.#rawHeaders));
  }
}

/**
 * The value of a header as web Headers would give it, without making them: several fields of one name are joined.
 *
 * @param name in lower case
 */
export function rawHeader(
  rawHeaders: readonly string[],
  name: string,
): string | undefined {
  let found: string | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const candidate = rawHeaders[i] ?? "";
    if (candidate.length !== name.length) {
      continue;
    }
    if (candidate !== name && candidate.toLowerCase() !== name) {
      continue;
    }
    const value = stripped(rawHeaders[i + 1] ?? "");
    found = found === undefined ? value : `${found}, ${value}`;
  }
  return found;
}

/** Without blanks and tabs around it; nothing else is stripped from the value of a header (RFC 9110, §5.5). */
function stripped(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) {
    start += 1;
  }
  while (end > start && isBlank(value.charCodeAt(end - 1))) {
    end -= 1;
  }
  return value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
