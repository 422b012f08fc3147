import http2 from "node:http2";
import type {
  IncomingHttpHeaders,
  IncomingHttpStatusHeader,
  OutgoingHttpHeaders,
} from "node:http2";

export interface Http2Answer {
  readonly header: IncomingHttpHeaders & IncomingHttpStatusHeader;
  readonly trailer: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Code of the RST_STREAM, 0 without one. */
  readonly resetCode: number;
}

/** One request over a connection of its own, with the whole answer. */
export async function callHttp2(
  url: string,
  headers: OutgoingHttpHeaders,
  body: Uint8Array | undefined,
): Promise<Http2Answer> {
  const session = http2.connect(url);
  try {
    return await callOn(session, headers, body);
  } finally {
    session.close();
  }
}

/** The same over a given connection; without a body the stream is left open for one. */
export function callOn(
  session: http2.ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body: Uint8Array | undefined,
): Promise<Http2Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: false });
    const chunks: Buffer[] = [];
    let header: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
    let trailer: IncomingHttpHeaders = {};
    session.once("error", reject);
    stream.on("response", (received) => {
      header = received;
    });
    stream.on("trailers", (received: IncomingHttpHeaders) => {
      trailer = received;
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("close", () => {
      session.off("error", reject);
      resolve({
        header,
        trailer,
        body: Buffer.concat(chunks),
        resetCode: stream.rstCode,
      });
    });
    if (body !== undefined) {
      stream.end(body);
    }
  });
}
