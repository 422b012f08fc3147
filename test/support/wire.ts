import type { DescMethodUnary } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  compressionBrotli,
  compressionGzip,
  createNodeHttpClient,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import type {
  Compression,
  UniversalClientFn,
  UniversalClientResponse,
} from "@connectrpc/connect/protocol";
import { errorFromJsonBytes } from "@connectrpc/connect/protocol-connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { trailerParse } from "@connectrpc/connect/protocol-grpc-web";
import type { Form } from "./forms.ts";

/** The message of a request in its codec, and where it goes. */
export interface WireRequest {
  readonly method: DescMethodUnary;
  /** In the form's codec; without it there is no body. */
  readonly bytes: Uint8Array | undefined;
  readonly headers: Headers;
  /** HTTP method and target by the method's template. */
  readonly rest: { readonly method: string; readonly path: string };
}

/** What came back, uncompressed. */
export type WireResponse = {
  readonly status: number;
  /** Whether the message or the error came compressed. */
  readonly compressed: boolean;
} & (
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly error: ConnectError }
  | { readonly ok: false; readonly json: Uint8Array }
);

/** Sends requests in any form. */
export type Wire = (form: Form, request: WireRequest) => Promise<WireResponse>;

const compressions: Readonly<Record<"gzip" | "br", Compression>> = {
  gzip: compressionGzip,
  br: compressionBrotli,
};

/** Opens a wire to a server. */
export function openWire(url: string): Wire {
  const sessions = new Http2SessionManager(url);
  const clients: Readonly<Record<"1.1" | "2", UniversalClientFn>> = {
    "1.1": createNodeHttpClient({ httpVersion: "1.1" }),
    "2": createNodeHttpClient({
      httpVersion: "2",
      sessionProvider: () => sessions,
    }),
  };
  return async (form, request) => {
    const packed = await pack(form, request);
    const response = await clients[form.httpVersion]({
      url: `${url}${packed.target}`,
      method: packed.method,
      header: packed.header,
      ...(packed.body !== undefined && {
        body: inPieces(packed.body, form.late === true),
      }),
    });
    return unpack(form, response);
  };
}

interface Packed {
  readonly method: string;
  readonly target: string;
  readonly header: Headers;
  readonly body: Uint8Array | undefined;
}

async function pack(form: Form, request: WireRequest): Promise<Packed> {
  const { protocol, codec } = form;
  const { method, rest } = request;
  const compression =
    form.compression === undefined ? undefined : compressions[form.compression];
  const header = new Headers(request.headers);
  const bytes =
    request.bytes === undefined || compression === undefined
      ? request.bytes
      : await compression.compress(request.bytes);
  const target = `/${method.parent.typeName}/${method.name}`;
  switch (protocol) {
    case "grpc":
    case "grpc-web": {
      const framed = encodeEnvelope(
        compression === undefined ? 0 : 1,
        bytes ?? new Uint8Array(0),
      );
      const text = form.text === true;
      header.set(
        "content-type",
        `application/${protocol}${text ? "-text" : ""}+${codec}`,
      );
      if (protocol === "grpc") {
        header.set("te", "trailers");
      }
      if (compression !== undefined) {
        header.set("grpc-encoding", compression.name);
        header.set("grpc-accept-encoding", compression.name);
      }
      const body = text ? Buffer.from(base64(framed)) : framed;
      if (form.byTemplate !== true || !fitsTemplate(request)) {
        return { method: "POST", target, header, body };
      }
      return {
        method: rest.method,
        target: rest.path,
        header,
        body: takesBody(rest.method) ? body : undefined,
      };
    }
    case "connect": {
      header.set("connect-protocol-version", "1");
      if (compression !== undefined) {
        header.set("accept-encoding", compression.name);
      }
      if (
        form.get === true &&
        method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS
      ) {
        const query = new URLSearchParams({
          connect: "v1",
          encoding: codec,
          base64: "1",
          message: Buffer.from(bytes ?? []).toString("base64url"),
          ...(compression !== undefined && { compression: compression.name }),
        });
        return {
          method: "GET",
          target: `${target}?${query.toString()}`,
          header,
          body: undefined,
        };
      }
      header.set("content-type", `application/${codec}`);
      if (compression !== undefined) {
        header.set("content-encoding", compression.name);
      }
      return { method: "POST", target, header, body: bytes };
    }
    case "rest":
      if (compression !== undefined) {
        header.set("accept-encoding", `${compression.name}, identity;q=0`);
        if (bytes !== undefined) {
          header.set("content-encoding", compression.name);
        }
      }
      return { method: rest.method, target: rest.path, header, body: bytes };
  }
}

/** Clients send no body with some methods: no more than the empty message goes by them. */
function fitsTemplate({ rest, bytes }: WireRequest): boolean {
  return takesBody(rest.method) || (bytes?.byteLength ?? 0) === 0;
}

function takesBody(method: string): boolean {
  return method !== "GET" && method !== "DELETE";
}

async function* inPieces(
  body: Uint8Array,
  late: boolean,
): AsyncGenerator<Uint8Array> {
  if (!late || body.byteLength < 3) {
    yield body;
    return;
  }
  const middle = 1 + (body.byteLength >> 1);
  for (const [start, end] of [
    [0, 1],
    [1, middle],
    [middle, body.byteLength],
  ] as const) {
    yield body.subarray(start, end);
    // Sent by itself: the server has the header, and what came before, before the rest.
    for (let turn = 0; turn < 5; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

async function unpack(
  form: Form,
  response: UniversalClientResponse,
): Promise<WireResponse> {
  const { status, header } = response;
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) {
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  switch (form.protocol) {
    case "grpc": {
      const error = findTrailerError(
        header.has("grpc-status") ? header : response.trailer,
      );
      return framedResponse(status, header, body, error);
    }
    case "grpc-web":
      return framedResponse(
        status,
        header,
        form.text === true ? fromBase64(body.toString("latin1")) : body,
        header.has("grpc-status") ? findTrailerError(header) : undefined,
      );
    case "connect":
    case "rest": {
      const encoding = header.get("content-encoding");
      const compressed = encoding !== null;
      const bytes = compressed
        ? await compressionNamed(encoding).decompress(body, maxBytes)
        : body;
      if (status === 200 || status === 201) {
        return { status, compressed, ok: true, bytes };
      }
      if (form.protocol === "rest") {
        return { status, compressed, ok: false, json: bytes };
      }
      const unreadable = new ConnectError(`HTTP ${status}`, Code.Unknown);
      const error = errorFromJsonBytes(bytes, undefined, unreadable);
      return { status, compressed, ok: false, error };
    }
  }
}

const maxBytes = 64 * 1024 * 1024;

async function framedResponse(
  status: number,
  header: Headers,
  body: Uint8Array,
  trailerError: ConnectError | undefined,
): Promise<WireResponse> {
  let error = trailerError;
  let compressed = false;
  let message: Uint8Array | undefined;
  for (const { flags, data } of envelopesOf(body)) {
    if ((flags & 0x80) !== 0) {
      error ??= findTrailerError(trailerParse(data));
      continue;
    }
    compressed = flags === 1;
    message = compressed
      ? await compressionNamed(header.get("grpc-encoding")).decompress(
          data,
          maxBytes,
        )
      : data;
  }
  if (error !== undefined) {
    return { status, compressed, ok: false, error };
  }
  if (message === undefined) {
    throw new Error(`HTTP ${status}: neither a message nor an error`);
  }
  return { status, compressed, ok: true, bytes: message };
}

function* envelopesOf(bytes: Uint8Array) {
  const body = Buffer.from(bytes);
  for (let at = 0; at < body.byteLength;) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    yield { flags: body.readUInt8(at), data: body.subarray(at + 5, end) };
    at = end;
  }
}

function compressionNamed(name: string | null): Compression {
  const found = name === "gzip" || name === "br" ? compressions[name] : null;
  if (found === null) {
    throw new Error(`compressed by ${String(name)}`);
  }
  return found;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** Decodes texts that were padded one by one. */
function fromBase64(text: string): Buffer {
  return Buffer.concat(
    (text.match(/[^=]+=*/g) ?? []).map((part) => Buffer.from(part, "base64")),
  );
}
