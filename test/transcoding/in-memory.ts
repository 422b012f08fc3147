import type { DescMethod, FileRegistry, Message } from "@bufbuild/protobuf";
import {
  createMethodImplSpec,
  type HandlerContext,
  type MethodImpl,
  type MethodImplSpec,
} from "@connectrpc/connect";
import type { UniversalHandlerOptions } from "@connectrpc/connect/protocol";
import {
  createTranscoder,
  type Transcoder,
  type TranscoderOptions,
} from "../../src/transcoding/index.ts";
import { serveAll } from "./small-host.ts";
import { registryOf, type VectorRule } from "./vectors.ts";

/** The rules of two unary methods. */
export const unary = {
  Get: { input: "Message", get: "/m/{message_id}" },
  Post: { input: "Message", post: "/m", body: "*" },
} as const;

/** Any implementation of a method that is known at run time only. */
export type AnyImplementation = (
  // The request, or the requests of a client stream.
  request: never,
  context: HandlerContext,
) => unknown;

/** A transcoder for rules as the vectors have them; a method without an implementation returns its request. */
export function transcoderOf(
  rules: Readonly<Record<string, VectorRule>>,
  implementations: Readonly<Record<string, AnyImplementation>> = {},
  options: TranscoderOptions = {},
): HostedTranscoder {
  const registry = registryOf(rules);
  const transcoder = createTranscoder({
    registry,
    warn: () => undefined,
    ...options,
    services: [
      {
        spec: {
          service: serviceOf(registry),
          methods: methodsOf(registry, implementations),
        },
      },
    ],
  });
  return { ...transcoder, options };
}

/** A transcoder, and the options that its host shares with it. */
export interface HostedTranscoder extends Transcoder {
  readonly options?: Partial<UniversalHandlerOptions>;
}

/** The service of {@link registryOf}. */
export function serviceOf(registry: FileRegistry) {
  const service = registry.getService("transcoding.test.v1.Vectors");
  if (service === undefined) {
    throw new Error("the registry has no service of vectors");
  }
  return service;
}

function methodsOf(
  registry: FileRegistry,
  implementations: Readonly<Record<string, AnyImplementation>>,
): Record<string, MethodImplSpec> {
  return Object.fromEntries(
    serviceOf(registry).methods.map((method) => [
      method.localName,
      implement(method, implementations[method.name] ?? echo),
    ]),
  );
}

function echo(request: Message): Message {
  return request;
}

function implement(
  method: DescMethod,
  impl: AnyImplementation,
): MethodImplSpec {
  return createMethodImplSpec(method, impl as MethodImpl<DescMethod>);
}

/** A request to a transcoder without a socket. */
export interface InMemoryRequest {
  readonly header?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
}

/** An answer, read whole. */
export interface InMemoryAnswer {
  readonly status: number;
  readonly header: Headers;
  readonly text: string;
  /** What the body threw, after `text`. */
  readonly broken: unknown;
}

/** Sends a request, and reads the answer. */
export async function call(
  transcoder: HostedTranscoder,
  send: string,
  { header, body, signal }: InMemoryRequest = {},
): Promise<InMemoryAnswer> {
  const blank = send.indexOf(" ");
  const target = send.slice(blank + 1);
  const response = await serveAll(transcoder, transcoder.options ?? {}, {
    httpVersion: "1.1",
    method: send.slice(0, blank),
    target,
    url: "http://test.invalid/",
    header: new Headers(header),
    body: chunks(body),
    signal: signal ?? new AbortController().signal,
  });
  let text = "";
  let broken: unknown;
  try {
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
    }
  } catch (error) {
    broken = error;
  }
  return {
    status: response.status,
    header: response.header ?? new Headers(),
    text,
    broken,
  };
}

async function* chunks(
  body: InMemoryRequest["body"],
): AsyncGenerator<Uint8Array> {
  if (body === undefined || body === "") {
    return;
  }
  if (typeof body === "string" || body instanceof Uint8Array) {
    yield Buffer.from(body);
    return;
  }
  yield* body;
}
