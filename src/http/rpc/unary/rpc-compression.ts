import type {
  Compression,
  UniversalHandlerOptions,
} from "@connectrpc/connect/protocol";
import { compressionNegotiate } from "@connectrpc/connect/protocol";
import { rawHeader } from "./request-headers.ts";
import type { UnaryRequest } from "./form.ts";

/** How the RPC protocols agree on compressions. */
export interface RpcCompression {
  /** The compression that a request names. @throws ConnectError UNIMPLEMENTED for one that is not known */
  ofRequest(name: string | undefined): Compression | undefined;
  /**
   * The compression of a response: the first that the client takes, where the message is worth the work. A client that says nothing
   * takes that of its request.
   */
  ofResponse(
    request: UnaryRequest,
    byteLength: number,
    requested: Compression | undefined,
  ): Compression | undefined;
}

/** @param acceptHeader the name of the header in which clients list what they take */
export function createRpcCompression(
  { acceptCompression, compressMinBytes }: UniversalHandlerOptions,
  acceptHeader: string,
): RpcCompression {
  return {
    ofRequest(name) {
      if (name === undefined || name === "identity") {
        return undefined;
      }
      const { request, error } = compressionNegotiate(
        acceptCompression,
        name,
        null,
        acceptHeader,
      );
      if (error !== undefined) {
        throw error;
      }
      return request ?? undefined;
    },
    ofResponse({ running }, byteLength, requested) {
      if (byteLength < compressMinBytes) {
        return undefined;
      }
      const { response } = compressionNegotiate(
        acceptCompression,
        requested?.name ?? null,
        rawHeader(running.exchange.rawHeaders, acceptHeader) ?? null,
        acceptHeader,
      );
      return response ?? undefined;
    },
  };
}
