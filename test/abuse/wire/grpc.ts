import { connect } from "node:http2";
import type { ClientHttp2Session, IncomingHttpHeaders } from "node:http2";
import net from "node:net";
import tls from "node:tls";
import { envelope } from "./messages.ts";

/** Where a client connects to, and from where. */
export interface ClientOptions {
  readonly port: number;
  readonly tls?: boolean;
  readonly localAddress?: string;
}

/** A connection, and one with TLS whose certificate is not looked at. */
export function connectSocket({
  port,
  tls: secure = false,
  localAddress,
  protocol,
}: ClientOptions & { readonly protocol?: string }): net.Socket {
  const socket = net.connect({
    host: "127.0.0.1",
    port,
    ...(localAddress !== undefined && { localAddress }),
  });
  return secure
    ? tls.connect({
        socket,
        rejectUnauthorized: false,
        ...(protocol !== undefined && { ALPNProtocols: [protocol] }),
      })
    : socket;
}

/** An HTTP/2 connection. Its errors end its calls. */
export function openSession(
  options: ClientOptions,
  settings = {},
): ClientHttp2Session {
  const session = connect(
    `${options.tls === true ? "https" : "http"}://localhost:${options.port}`,
    {
      settings,
      createConnection: () => connectSocket({ ...options, protocol: "h2" }),
    },
  );
  return session.on("error", () => undefined);
}

/** The response to a unary gRPC call. */
export interface GrpcResponse {
  readonly status: number;
  readonly message: Buffer;
}

/** Makes a unary gRPC call. Rejects where the stream or the connection ends without a status. */
export function callGrpc(
  session: ClientHttp2Session,
  path: string,
  token: string,
  message: Uint8Array,
): Promise<GrpcResponse> {
  return sendGrpc(session, path, token, envelope(message));
}

/** The same with bytes that are framed, and compressed with gzip where their flag says so. */
export function sendGrpc(
  session: ClientHttp2Session,
  path: string,
  token: string,
  framed: Uint8Array,
): Promise<GrpcResponse> {
  return new Promise((resolve, reject) => {
    if (session.destroyed || session.closed) {
      reject(new Error("the connection is closed"));
      return;
    }
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...(framed[0] === 1 && { "grpc-encoding": "gzip" }),
      ...(token !== "" && { authorization: `Bearer ${token}` }),
    });
    const chunks: Buffer[] = [];
    let status: string | undefined;
    const read = (headers: IncomingHttpHeaders) => {
      status ??= headers["grpc-status"] as string | undefined;
    };
    stream.on("response", read).on("trailers", read);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("close", () => {
      if (status === undefined) {
        reject(new Error(`the call ended with RST_STREAM ${stream.rstCode}`));
      } else {
        const message = Buffer.concat(chunks).subarray(5);
        resolve({ status: Number(status), message });
      }
    });
    stream.end(framed);
  });
}
