import { ConnectFailure, connectReceiver } from "./connect.ts";
import type { ConnectOptions } from "./connect.ts";
import { exchange } from "./exchange.ts";

/** How a document is read. */
export interface GetOptions extends ConnectOptions {
  /** How requests introduce themselves. */
  readonly userAgent: string;
  /** A longer document is refused. */
  readonly maxBytes: number;
  /** How long it may take, redirects included, in milliseconds. */
  readonly timeoutMs: number;
}

/** Why there is no document, in words that may be shown to an operator. */
export class GetFailure extends Error {
  override readonly name = "GetFailure";
}

/** So many redirects are followed, each of which is judged as the URL itself. */
const maxRedirects = 3;

const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * Reads a JSON document from a web server that may be reached.
 *
 * @param signal ends it
 * @throws GetFailure
 */
export async function getJson(
  url: URL,
  options: GetOptions,
  signal: AbortSignal,
): Promise<unknown> {
  const ending = AbortSignal.any([
    signal,
    AbortSignal.timeout(options.timeoutMs),
  ]);
  let at = url;
  for (let followed = 0; followed <= maxRedirects; followed += 1) {
    const { status, headers, body } = await get(at, options, ending);
    const { location } = headers;
    if (!redirects.has(status) || location === undefined) {
      return parse(at, status, body);
    }
    const next = URL.parse(location, at.href);
    if (next === null) {
      throw new GetFailure(`${at.href} leads to what is not a URL`);
    }
    at = next;
  }
  throw new GetFailure(`${url.href} leads on more than ${maxRedirects} times`);
}

async function get(url: URL, options: GetOptions, signal: AbortSignal) {
  const { userAgent, maxBytes, timeoutMs } = options;
  let socket;
  try {
    ({ socket } = await connectReceiver(url, options, signal));
    const { error, isComplete, chunks, status, headers } = await exchange(
      socket,
      url,
      {
        method: "GET",
        headers: { "user-agent": userAgent, accept: "application/json" },
        body: "",
      },
      // One byte more, by which a longer one is known.
      {
        ...{ maxReadBytes: maxBytes + 1, maxKeptBytes: maxBytes + 1 },
        timeoutMs,
      },
      signal,
    );
    if (status === 0) {
      throw new GetFailure(`${url.href}: ${error}`);
    }
    const body = Buffer.concat(chunks);
    if (body.length > maxBytes) {
      throw new GetFailure(`${url.href} has more than ${maxBytes} bytes`);
    }
    if (!isComplete) {
      throw new GetFailure(`${url.href}: the response has no end`);
    }
    return { status, headers, body };
  } catch (error) {
    if (error instanceof ConnectFailure) {
      throw new GetFailure(`${url.href}: ${error.message}`, { cause: error });
    }
    throw error;
  } finally {
    socket?.destroy();
  }
}

function parse({ href }: URL, status: number, body: Buffer): unknown {
  if (status !== 200) {
    throw new GetFailure(`${href} has the status ${status}`);
  }
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    throw new GetFailure(`${href} is not JSON`);
  }
}
