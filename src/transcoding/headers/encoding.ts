import { Code, ConnectError } from "@connectrpc/connect";
import type { HandlerContext } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { quote } from "../cut.ts";
import { acceptHeader, type ContentTypeRule } from "./content-type.ts";
import { bodyTooLarge, Fault } from "../fault.ts";
import { parseQualityList } from "./media-type.ts";

/**
 * The compression of a request body, by Content-Encoding.
 *
 * @returns undefined for a body that is not compressed.
 * @throws Fault 415 for a coding that is not offered, and for several in a row: a small body could unfold twice.
 */
export function requestCompression(
  contentEncoding: string | null,
  available: readonly Compression[],
  rule: ContentTypeRule,
): Compression | undefined {
  const coding = contentEncoding?.trim().toLowerCase() ?? "";
  if (coding === "" || coding === "identity") {
    return undefined;
  }
  const name = coding === "x-gzip" ? "gzip" : coding;
  const compression = available.find((candidate) => candidate.name === name);
  if (compression === undefined) {
    throw new Fault(
      415,
      Code.InvalidArgument,
      `the Content-Encoding ${quote(coding)} is not supported`,
      {
        header: {
          ...acceptHeader(rule),
          // What this coding should have been: RFC 9110 section 12.5.3.
          "Accept-Encoding": [
            ...available.map((candidate) => candidate.name),
            "identity",
          ].join(", "),
        },
      },
    );
  }
  return compression;
}

/** Connect's compression, where the host's own may want to know whose message it is: that is the context of the call. */
export interface HostCompression extends Compression {
  readonly compress: (
    bytes: Uint8Array,
    owner?: HandlerContext,
  ) => ReturnType<Compression["compress"]>;
}

/** The same compression; its `decompress` throws a Fault: 413 for a body that grows over the limit, 400 for a damaged one. */
export function withFaults(compression: Compression): Compression {
  const { decompress } = compression;
  return {
    ...compression,
    // What else a host passes is for its own compression.
    async decompress(...[body, readMaxBytes, ...more]) {
      try {
        return await decompress(body, readMaxBytes, ...more);
      } catch (error) {
        throw error instanceof ConnectError &&
          error.code === Code.ResourceExhausted
          ? bodyTooLarge(readMaxBytes)
          : new Fault(
              400,
              Code.InvalidArgument,
              `the body is not valid ${compression.name}`,
            );
      }
    },
  };
}

/**
 * The compression of a response, by Accept-Encoding: the coding with the highest quality, of equals the first in the server's order.
 * Undefined, no compression, where the client prefers that, or accepts no coding that the server has.
 *
 * @param small whether the response is too small to be compressed, unless the client refuses uncompressed ones (`identity;q=0`).
 */
export function responseCompression<Coding extends { readonly name: string }>(
  acceptEncoding: string | null,
  available: readonly Coding[],
  small: boolean,
): Coding | undefined {
  // Without a quality nothing is refused.
  if (
    acceptEncoding === null ||
    available.length === 0 ||
    (small && !acceptEncoding.includes(";"))
  ) {
    return undefined;
  }
  const qualities = parseQualityList(acceptEncoding);
  const rest = qualities.get("*");
  const identity = qualities.get("identity") ?? (rest === 0 ? 0 : undefined);
  if (small && identity !== 0) {
    return undefined;
  }
  let best: Coding | undefined;
  let bestQuality = 0;
  for (const candidate of available) {
    const alias =
      candidate.name === "gzip" ? qualities.get("x-gzip") : undefined;
    const quality = qualities.get(candidate.name) ?? alias ?? rest ?? 0;
    if (quality > bestQuality) {
      best = candidate;
      bestQuality = quality;
    }
  }
  return identity !== undefined && identity > bestQuality ? undefined : best;
}
