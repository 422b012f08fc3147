import type { Code, ContextValues } from "@connectrpc/connect";

/** What is known of a request when it is over. */
export interface RequestRecord {
  readonly requestId: string;
  /** Of the header, as it came. */
  readonly traceparent: string | undefined;
  readonly method: string;
  /** The raw path, without the query, which may hold secrets. */
  readonly path: string;
  /** How the request was understood; `http` for what is neither a call nor a template: pages, refusals, unknown paths. */
  readonly protocol: "grpc" | "grpc-web" | "connect" | "rest" | "http";
  readonly httpVersion: "1.0" | "1.1" | "2.0";
  /** 0: the client left, or the connection was closed, before a response was sent. */
  readonly status: number;
  /** Of gRPC and gRPC-Web. */
  readonly grpcStatus: number | undefined;
  /** From the header of the request to the last byte of the response. */
  readonly durationMs: number;
  /** Bytes of the response's body. */
  readonly bytes: number;
  /** Canonical: of the connection, or whom a trusted proxy has the request from. */
  readonly remoteAddress: string;
  /** `package.Service/Method`, where one was found. */
  readonly rpc: string | undefined;
  /** The template or the path of a page, where one was found. */
  readonly route: string | undefined;
  /** Of a call by Connect that failed, where it was begun. */
  readonly code: Code | undefined;
  /** Of a call: what its gate and its method have left. */
  readonly values: ContextValues | undefined;
}

/**
 * The fields of a record in their order, as they stand in a JSON object: for the log. Without what is undefined.
 */
export function recordFields(record: RequestRecord): string {
  const { start, end } = commonFields(record);
  // Ids are such that they may stand in a line as they are.
  return `"requestId":"${record.requestId}",${start}"durationMs":${record.durationMs},"bytes":${record.bytes},${end}`;
}

const method = rememberLast(JSON.stringify);
const path = rememberLast(JSON.stringify);
const remoteAddress = rememberLast(JSON.stringify);
const name = rememberLast(JSON.stringify);

/** What most requests have in common with the one before: the fields up to, and behind, those that differ. */
const commonFields = rememberLastCommon((record) => {
  const { protocol, httpVersion, status, grpcStatus, rpc } = record;
  // Joined, and not put together by `+`, which V8 would have to do again for each line.
  return {
    start: [
      `"method":${method(record.method)},"path":${path(record.path)},`,
      `"protocol":"${protocol}","httpVersion":"${httpVersion}","status":${status},`,
      grpcStatus === undefined ? "" : `"grpcStatus":${grpcStatus},`,
    ].join(""),
    end: [
      `"remoteAddress":${remoteAddress(record.remoteAddress)}`,
      rpc === undefined ? "" : `,"rpc":${name(rpc)}`,
    ].join(""),
  };
});

interface CommonFields {
  readonly start: string;
  readonly end: string;
}

function rememberLastCommon(
  make: (record: RequestRecord) => CommonFields,
): (record: RequestRecord) => CommonFields {
  let last: RequestRecord | undefined;
  let made: CommonFields = { start: "", end: "" };
  return (record) => {
    if (
      last?.path !== record.path ||
      last.method !== record.method ||
      last.rpc !== record.rpc ||
      last.remoteAddress !== record.remoteAddress ||
      last.status !== record.status ||
      last.grpcStatus !== record.grpcStatus ||
      last.protocol !== record.protocol ||
      last.httpVersion !== record.httpVersion
    ) {
      last = record;
      made = make(record);
    }
    return made;
  };
}

/** For what is often the same as the last time. */
function rememberLast(
  make: (text: string) => string,
): (text: string) => string {
  let last = "";
  let made = make(last);
  return (text) => {
    if (text !== last) {
      last = text;
      made = make(text);
    }
    return made;
  };
}
