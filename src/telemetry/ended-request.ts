/** What is known of a request when it is over. */
export interface EndedRequest {
  readonly method: string;
  readonly protocol: "grpc" | "grpc-web" | "connect" | "rest" | "http";
  /** 0: no response was sent. */
  readonly status: number;
  readonly grpcStatus: number | undefined;
  /** The number of the error's code, where a call by Connect failed and a method or its form said so. */
  readonly code: number | undefined;
  readonly durationMs: number;
  /** `package.Service/Method`, where one was found. */
  readonly rpc: string | undefined;
  /** The template or the path of a page, where one was found. */
  readonly route: string | undefined;
}

/** Stands for all methods and routes that there are not. */
export const other = "_OTHER";

/** An RPC system by OpenTelemetry's name: gRPC has gRPC-Web too. */
export type RpcSystem = "grpc" | "connectrpc";

/** The names of gRPC's codes. Connect's are the same in lower case, but for the one that it spells with one L. */
const grpcNames = [
  ...["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED"],
  ...["NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED"],
  ...["FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"],
  ...["INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"],
];
const connectNames = grpcNames.map((name) =>
  name === "CANCELLED" ? "canceled" : name.toLowerCase(),
);
const canceled = 1;
const unknown = 2;

/** The codes that a response by Connect stands for where no method was reached, by HTTP status. */
const codesOfStatus: Readonly<Record<number, number>> = {
  ...{ 0: canceled, 200: 0, 400: 3, 401: 16, 403: 7, 404: 12 },
  ...{ 429: 8, 500: 13, 503: 14 },
};

/** How a request ended, where it was a call by an RPC protocol. */
export function codeOfCall(request: EndedRequest): number {
  return request.protocol === "connect"
    ? connectCode(request)
    : grpcCode(request);
}

/** The RPC system by OpenTelemetry's name; undefined for what is no call: JSON over HTTP, pages. */
export function systemOf({
  protocol,
}: Pick<EndedRequest, "protocol">): RpcSystem | undefined {
  switch (protocol) {
    case "grpc":
    case "grpc-web":
      return "grpc";
    case "connect":
      return "connectrpc";
    case "rest":
    case "http":
      return undefined;
  }
}

/** The name of a code, as OpenTelemetry has it. */
export function codeName(system: RpcSystem, code: number): string {
  return (system === "grpc" ? grpcNames : connectNames)[code] ?? "";
}

function grpcCode({ grpcStatus, status }: EndedRequest): number {
  // Without a status the client has left, or a proxy would make one of the HTTP status.
  const code = grpcStatus ?? (status === 0 ? canceled : unknown);
  return grpcNames[code] === undefined ? unknown : code;
}

function connectCode({ code, status }: EndedRequest): number {
  return code ?? codesOfStatus[status] ?? unknown;
}
