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
  return `"requestId":"${record.requestId}${start}${durationText(record.durationMs)}${end}`;
}

/** The decimals of a number of milliseconds, by its microseconds. */
const decimals = Array.from({ length: 1000 }, (_, micros) =>
  String(micros / 1000).slice(1),
);

/** As JSON has it: for V8 to write such a number would take longer than all else of the line. */
function durationText(durationMs: number): string {
  const micros = Math.round(durationMs * 1000);
  const whole = Math.trunc(micros / 1000);
  return `${whole}${decimals[micros - 1000 * whole] ?? ""}`;
}

/** What many requests have in common: the fields between those that differ, and what they were made of. */
interface CommonFields extends Pick<
  RequestRecord,
  | "method"
  | "path"
  | "protocol"
  | "httpVersion"
  | "status"
  | "grpcStatus"
  | "bytes"
  | "remoteAddress"
> {
  readonly start: string;
  readonly end: string;
}

/** Of the last request of each method: as many as there are methods, and one for all that is no call. */
const lastFields = new Map<string | undefined, CommonFields>();

function commonFields(record: RequestRecord): CommonFields {
  const last = lastFields.get(record.rpc);
  if (last !== undefined && isAlike(record, last)) {
    return last;
  }
  const made = makeCommonFields(record);
  lastFields.set(record.rpc, made);
  return made;
}

function isAlike(record: RequestRecord, last: CommonFields): boolean {
  return (
    last.path === record.path &&
    last.bytes === record.bytes &&
    last.method === record.method &&
    last.remoteAddress === record.remoteAddress &&
    last.status === record.status &&
    last.grpcStatus === record.grpcStatus &&
    last.protocol === record.protocol &&
    last.httpVersion === record.httpVersion
  );
}

function makeCommonFields(record: RequestRecord): CommonFields {
  const { method, path, protocol, httpVersion, status } = record;
  const { grpcStatus, bytes, remoteAddress, rpc } = record;
  // Joined, and not put together by `+`, which V8 would have to do again for each line.
  return {
    ...{ method, path, protocol, httpVersion, status },
    ...{ grpcStatus, bytes, remoteAddress },
    start: [
      `","method":${JSON.stringify(method)},"path":${JSON.stringify(path)},`,
      `"protocol":"${protocol}","httpVersion":"${httpVersion}","status":${status},`,
      grpcStatus === undefined ? "" : `"grpcStatus":${grpcStatus},`,
      `"durationMs":`,
    ].join(""),
    end: [
      `,"bytes":${bytes},"remoteAddress":${JSON.stringify(remoteAddress)}`,
      rpc === undefined ? "" : `,"rpc":${JSON.stringify(rpc)}`,
    ].join(""),
  };
}
