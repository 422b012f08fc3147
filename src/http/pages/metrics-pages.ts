import { pipeline, Readable } from "node:stream";
import { constants, createGzip } from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import { codeToHttpStatus } from "@connectrpc/connect/protocol-connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import { responseCompression } from "../../transcoding/index.ts";
import { statusResponse } from "../response/status-response.ts";
import type { StaticRoute } from "./static-route.ts";

/** The page of metrics, in the format that its reader wants. */
export interface MetricsText {
  readonly mediaType: string;
  /** Made piece by piece while it is sent. */
  readonly pieces: AsyncIterable<string>;
}

/** What the pages are made of. */
export interface MetricsPagesParts {
  /** @param accept the header of the request */
  readonly read: (accept: string) => Promise<MetricsText>;
  /**
   * Checks who asks, by the Authorization of the request; left out where everybody may.
   *
   * @throws ConnectError for who may not
   */
  readonly authorize?: (authorization: string | null) => void | Promise<void>;
}

/** ZITADEL's path, and that which Prometheus asks for unless it is told another. */
export const metricsPaths = ["/debug/metrics", "/metrics"] as const;

/** The pages of metrics. */
export function metricsPages({
  read,
  authorize,
}: MetricsPagesParts): StaticRoute[] {
  const respond: StaticRoute["respond"] = async (request, rawHeaders) => {
    try {
      await authorize?.(authorizationOf(rawHeaders));
    } catch (error) {
      return refusal(ConnectError.from(error));
    }
    const { mediaType, pieces } = await read(request.accept);
    const coding = responseCompression(
      request.acceptEncoding ?? null,
      [{ name: "gzip" }],
      false,
    );
    return textOf(mediaType, pieces, coding?.name);
  };
  return metricsPaths.map((path) => ({ path, respond }));
}

function textOf(
  mediaType: string,
  pieces: AsyncIterable<string>,
  coding: string | undefined,
): UniversalServerResponse {
  const header = new Headers({
    "content-type": mediaType,
    vary: "accept, accept-encoding",
  });
  if (coding === undefined) {
    return { status: 200, header, body: asBytes(pieces) };
  }
  header.set("content-encoding", coding);
  return { status: 200, header, body: gzipped(pieces) };
}

async function* asBytes(
  pieces: AsyncIterable<string>,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    yield Buffer.from(piece);
  }
}

async function* gzipped(
  pieces: AsyncIterable<string>,
): AsyncGenerator<Uint8Array> {
  const gzip = createGzip({ level: constants.Z_BEST_SPEED });
  // Both end together, whoever ends first. An error comes out of the one that is read.
  pipeline(Readable.from(asBytes(pieces)), gzip, () => undefined);
  for await (const piece of gzip) {
    yield piece as Buffer;
  }
}

/** As web Headers join a header that is there more than once. */
function authorizationOf(rawHeaders: readonly string[]): string | null {
  const values = rawHeaders.filter(
    (_value, index) =>
      index % 2 === 1 &&
      rawHeaders[index - 1]?.toLowerCase() === "authorization",
  );
  return values.length === 0 ? null : values.join(", ");
}

function refusal(error: ConnectError): UniversalServerResponse {
  const { code, rawMessage, metadata } = error;
  const response = statusResponse(codeToHttpStatus(code), code, rawMessage);
  if (code === Code.Unauthenticated) {
    const challenge = metadata.get("www-authenticate") ?? "Bearer";
    response.header?.set("www-authenticate", challenge);
  }
  return response;
}
