import http2 from "node:http2";
import { lookAtExpiry } from "./certificate.ts";
import type { Finding } from "./finding.ts";

const waitMs = 5000;
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
    return [
      {
        about: "http2",
        level: "problem",
        text: `${url} does not speak HTTP/2: ${messageOf(error)}`,
        advice:
          "check the address, and http or https; have the proxy speak HTTP/2 on both sides (without TLS: with prior knowledge, h2c), which gRPC needs",
      },
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
  const check = await call(session, checkPath);
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
  const watch = await call(session, watchPath);
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
  const skewMs = Math.abs(date - now());
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

function openSession(url: string): Promise<http2.ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(url);
    const timer = setTimeout(() => {
      session.destroy();
      reject(new Error(`no response within ${waitMs / 1000} s`));
    }, waitMs);
    // Settings are the first thing that an HTTP/2 server sends; others do not.
    session.once("remoteSettings", () => {
      clearTimeout(timer);
      resolve(session);
    });
    session.on("error", (error: Error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

interface Outcome {
  readonly status: number | undefined;
  readonly date: string | undefined;
  /** Of a call that has ended. */
  readonly trailers: http2.IncomingHttpHeaders | undefined;
  /** Whether a message came while the stream was open. */
  readonly isStillOpen: boolean;
}

/** Calls a method of health: until it ends, or a stream has brought a message. */
function call(
  session: http2.ClientHttp2Session,
  path: string,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let status: number | undefined;
    let date: string | undefined;
    let trailers: http2.IncomingHttpHeaders | undefined;
    const end = (isStillOpen: boolean) => {
      clearTimeout(timer);
      resolve({ status, date, trailers, isStillOpen });
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
  return error instanceof Error ? error.message : String(error);
}
