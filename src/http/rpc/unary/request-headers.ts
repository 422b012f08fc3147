import { webHeaders } from "../http-request.ts";
import { rawHeader } from "./raw-headers.ts";

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
