import http2 from "node:http2";
import { lookAtExpiry } from "./certificate.ts";
import { skipped } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** How long each step waits: to connect, to call, and for the first message of a stream. */
const waitMs = 3000;
const checkPath = "/grpc.health.v1.Health/Check";
const watchPath = "/grpc.health.v1.Health/Watch";
/** A message of gRPC without fields: no compression, no bytes. */
const emptyMessage = Buffer.alloc(5);

/**
 * Looks at what lies between here and a server, as a gRPC client does that needs no token: HTTP/2, trailers, messages of a stream that come at
 * once, the certificate, and the server's clock.
 *
 * @param now the time of this machine, in milliseconds since 1970
 */
export async function lookAtConnection(
  url: string,
  now: () => number,
): Promise<readonly Finding[]> {
  let session: http2.ClientHttp2Session;
  try {
    session = await openSession(url);
  } catch (error) {
    return error instanceof ConnectFailure
      ? [
          {
            about: "connection",
            level: "problem",
            text: `${url} cannot be reached: ${error.message}`,
            advice:
              "check the address, http or https, and that lockoutd serves there; where its certificate is of an authority of your own, set NODE_EXTRA_CA_CERTS to that one's file",
          },
          ...skipped(["http2", "trailers", "streaming"], "needs a connection"),
        ]
      : [
          {
            about: "http2",
            level: "problem",
            text: `${url} does not speak HTTP/2: ${messageOf(error)}`,
            advice:
              "check the address, and http or https; have the proxy speak HTTP/2 on both sides (without TLS: with prior knowledge, h2c), which gRPC needs",
          },
          ...skipped(["trailers", "streaming"], "needs HTTP/2"),
        ];
  }
  try {
    return [
      { about: "http2", level: "ok", text: `${url} speaks HTTP/2` },
      ...(await lookAtCalls(session, now)),
      ...lookAtPeer(session, now()),
    ];
  } finally {
    session.destroy();
  }
}

async function lookAtCalls(
  session: http2.ClientHttp2Session,
  now: () => number,
): Promise<readonly Finding[]> {
  const check = await call(session, checkPath, now);
  const status = check.trailers?.["grpc-status"];
  const trailers: Finding =
    status === "0"
      ? { about: "trailers", level: "ok", text: "gRPC trailers arrive" }
      : {
          about: "trailers",
          level: "problem",
          text: `a gRPC call ended with HTTP status ${check.status ?? "none"} and ${status === undefined ? "no trailers" : `gRPC status ${String(status)}`}`,
          advice:
            "have the proxy pass gRPC on (nginx: grpc_pass), with the trailers of HTTP/2, to lockoutd and to nothing else",
        };
  const date = Date.parse(check.date ?? "");
  const watch = await call(session, watchPath, now);
  const streaming: Finding = watch.isStillOpen
    ? { about: "streaming", level: "ok", text: "messages arrive at once" }
    : {
        about: "streaming",
        level: "problem",
        text: "no message of a stream arrives while it is open",
        advice:
          "switch the proxy's buffering of responses off, and raise its time-out above --heartbeat: WatchEvents needs both",
      };
  // The header has whole seconds.
  const skewMs = Math.abs(date - (check.arrived ?? date));
  return [
    trailers,
    streaming,
    ...(skewMs > 5000
      ? [
          {
            about: "clock",
            level: "warning",
            text: `the clock of the server differs from this machine's by ${Math.round(skewMs / 1000)} s`,
            advice: "set both by a time server (NTP)",
          } satisfies Finding,
        ]
      : []),
  ];
}

/** The certificate that the other end shows, which may be a proxy's. */
function lookAtPeer(
  session: http2.ClientHttp2Session,
  now: number,
): readonly Finding[] {
  const { socket } = session;
  if (!("getPeerCertificate" in socket)) {
    return [];
  }
  const { valid_to: validTo } = socket.getPeerCertificate();
  return [
    {
      about: "certificate",
      ...lookAtExpiry(
        "the certificate of the server",
        Date.parse(validTo),
        now,
      ),
    },
  ];
}

/** There is no connection, or no TLS on it. */
class ConnectFailure extends Error {
  override readonly name = "ConnectFailure";
}

/** @throws ConnectFailure; other errors where what is connected speaks no HTTP/2 */
function openSession(url: string): Promise<http2.ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(url);
    let isConnected = false;
    const fail = (message: string) => {
      clearTimeout(timer);
      session.destroy();
      reject(isConnected ? new Error(message) : new ConnectFailure(message));
    };
    const timer = setTimeout(
      fail,
      waitMs,
      `no response within ${waitMs / 1000} s`,
    );
    session.once("connect", () => {
      isConnected = true;
    });
    // Settings are the first thing that an HTTP/2 server sends; others do not.
    session.once("remoteSettings", () => {
      clearTimeout(timer);
      resolve(session);
    });
    session.on("error", (error: Error) => {
      fail(messageOf(error));
    });
  });
}

interface Outcome {
  readonly status: number | undefined;
  readonly date: string | undefined;
  /** When that came, by the clock of this machine. */
  readonly arrived: number | undefined;
  /** Of a call that has ended. */
  readonly trailers: http2.IncomingHttpHeaders | undefined;
  /** Whether a message came while the stream was open. */
  readonly isStillOpen: boolean;
}

/** Calls a method of health: until it ends, or a stream has brought a message. */
function call(
  session: http2.ClientHttp2Session,
  path: string,
  now: () => number,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let status: number | undefined;
    let date: string | undefined;
    let arrived: number | undefined;
    let trailers: http2.IncomingHttpHeaders | undefined;
    const end = (isStillOpen: boolean) => {
      clearTimeout(timer);
      resolve({ status, date, arrived, trailers, isStillOpen });
      stream.close(http2.constants.NGHTTP2_CANCEL);
    };
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const timer = setTimeout(end, waitMs, false);
    stream.on("response", (header) => {
      status = header[":status"];
      date = header.date;
      arrived = now();
      // A call that fails at once has its trailers in its header.
      if (header["grpc-status"] !== undefined) {
        trailers = header;
      }
    });
    stream.on("trailers", (header: http2.IncomingHttpHeaders) => {
      trailers = header;
    });
    stream.on("data", () => {
      if (path === watchPath) {
        end(true);
      }
    });
    stream.on("close", () => {
      end(false);
    });
    stream.on("error", () => undefined);
    stream.end(emptyMessage);
  });
}

function messageOf(error: unknown): string {
  // Of a host with several addresses Node says no message, but a code.
  const { message, code = "" }: NodeJS.ErrnoException =
    error instanceof Error ? error : new Error(String(error));
  return message === "" ? code : message;
}
