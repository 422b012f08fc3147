/** How a unary call looks on the wire: everything that the same message can come in. */
export interface Form {
  readonly name: string;
  readonly protocol: "grpc" | "grpc-web" | "connect" | "rest";
  readonly codec: "json" | "proto";
  readonly httpVersion: "1.1" | "2";
  /** Of the request, and asked for in the response. */
  readonly compression?: "gzip" | "br";
  /** The body comes in pieces, after the header was read. */
  readonly late?: true;
  /** gRPC-Web in base64, both ways. */
  readonly text?: true;
  /** Connect by GET, where the method has no side effects. */
  readonly get?: true;
  /** gRPC or gRPC-Web by the REST path of the method. */
  readonly byTemplate?: true;
}

const protocolNames = {
  grpc: "gRPC",
  "grpc-web": "gRPC-Web",
  connect: "Connect",
  rest: "REST",
} as const;

/** Says all that a form is made of. */
/** Gives forms their names. */
export function named(given: readonly Omit<Form, "name">[]): readonly Form[] {
  return given.map((form) => ({ ...form, name: formName(form) }));
}

function formName(form: Omit<Form, "name">): string {
  const words: (string | undefined)[] = [
    protocolNames[form.protocol],
    form.protocol === "rest" ? undefined : form.codec,
    form.text && "text",
    form.get && "GET",
    form.byTemplate && "by the REST path",
    form.compression,
    form.late && "late",
    `HTTP/${form.httpVersion}`,
  ];
  return words.filter((word) => word !== undefined).join(" ");
}

const h1 = "1.1";
const h2 = "2";
const proto = "proto";
const json = "json";

/** Every protocol compressed, late, and in what it has beside its usual form. */
export const forms: readonly Form[] = named([
  { protocol: "grpc", codec: proto, httpVersion: h2, compression: "gzip" },
  { protocol: "grpc", codec: json, httpVersion: h2, compression: "br" },
  { protocol: "grpc", codec: json, httpVersion: h2, late: true },
  { protocol: "grpc", codec: proto, httpVersion: h2, byTemplate: true },
  { protocol: "grpc-web", codec: json, httpVersion: h1, compression: "gzip" },
  { protocol: "grpc-web", codec: proto, httpVersion: h2, compression: "br" },
  { protocol: "grpc-web", codec: proto, httpVersion: h1, text: true },
  {
    protocol: "grpc-web",
    codec: json,
    httpVersion: h1,
    text: true,
    late: true,
    compression: "gzip",
  },
  {
    protocol: "grpc-web",
    codec: proto,
    httpVersion: h1,
    byTemplate: true,
    compression: "gzip",
  },
  { protocol: "connect", codec: json, httpVersion: h1, compression: "gzip" },
  { protocol: "connect", codec: proto, httpVersion: h2, compression: "br" },
  { protocol: "connect", codec: json, httpVersion: h1, late: true },
  { protocol: "connect", codec: json, httpVersion: h1, get: true },
  {
    protocol: "connect",
    codec: proto,
    httpVersion: h2,
    get: true,
    compression: "gzip",
  },
  { protocol: "rest", codec: json, httpVersion: h1, compression: "gzip" },
  { protocol: "rest", codec: json, httpVersion: h2, compression: "br" },
  {
    protocol: "rest",
    codec: json,
    httpVersion: h1,
    compression: "gzip",
    late: true,
  },
  { protocol: "rest", codec: json, httpVersion: h1, late: true },
]);
