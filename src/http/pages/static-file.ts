import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import { responseCompression } from "../../transcoding/index.ts";
import { bytesResponse } from "../response/status-response.ts";
import type { StaticRoute } from "./static-route.ts";

/** Below this compression saves less than a packet, in bytes. */
const leastCompressed = 1024;

/** The codings of compressed copies, in the order in which they are preferred where a client likes several alike. */
const codings = [
  {
    name: "br",
    // Quality 9: a tenth larger than the best, in a tenth of the time.
    compress: (body: Buffer) =>
      promisify(brotliCompress)(body, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: 9,
          [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
        },
      }),
  },
  { name: "gzip", compress: (body: Buffer) => promisify(gzip)(body) },
] as const;

interface Representation {
  readonly body: Buffer;
  readonly header: Readonly<Record<string, string>>;
  readonly etag: string;
}

/** Kept by browsers, and asked for again by its ETag each time. */
const revalidated = "no-cache";

/**
 * A page whose body is in memory once, for all readers, with a strong ETag. Each compressed copy is made once, at the first request for
 * it.
 */
export function staticFile(
  path: string,
  body: Buffer,
  header: Readonly<Record<string, string>>,
  cacheControl = revalidated,
): StaticRoute {
  const hash = createHash("sha256").update(body).digest("base64url");
  const represent = (bytes: Buffer, coding?: string): Representation => {
    const etag = `"${hash.slice(0, 22)}${coding === undefined ? "" : `-${coding}`}"`;
    return {
      body: bytes,
      etag,
      header: {
        ...header,
        "cache-control": cacheControl,
        vary: "accept-encoding",
        etag,
        ...(coding !== undefined && { "content-encoding": coding }),
      },
    };
  };
  const identity = represent(body);
  const copies = new Map<string, Promise<Representation>>();
  const compressed = ({ name, compress }: (typeof codings)[number]) => {
    const made = copies.get(name);
    if (made !== undefined) {
      return made;
    }
    const copy = compress(body).then((bytes) => represent(bytes, name));
    copies.set(name, copy);
    copy.catch(() => copies.delete(name));
    return copy;
  };
  return {
    path,
    respond: async ({ acceptEncoding, ifNoneMatch }) => {
      const coding = responseCompression(
        acceptEncoding ?? null,
        codings,
        body.length < leastCompressed,
      );
      const representation =
        coding === undefined ? identity : await compressed(coding);
      return matches(ifNoneMatch, representation.etag)
        ? notModified(representation)
        : bytesResponse(200, representation.header, representation.body);
    },
  };
}

function notModified({ header }: Representation): UniversalServerResponse {
  const kept = new Headers(header);
  for (const name of ["content-type", "content-encoding"]) {
    kept.delete(name);
  }
  return { status: 304, header: kept };
}

/** Whether If-None-Match names the ETag, by the weak comparison (RFC 9110, §13.1.2). */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) {
    return false;
  }
  if (ifNoneMatch.trim() === "*") {
    return true;
  }
  // Ours hold no comma: whatever a list has beside them, they are an element of their own.
  return ifNoneMatch
    .split(",")
    .some((each) => each.trim().replace(/^W\//, "") === etag);
}
