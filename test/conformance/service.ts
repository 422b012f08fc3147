import { setTimeout as sleep } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import type { Any } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createServiceImplSpec } from "@connectrpc/connect";
import type {
  HandlerContext,
  ServiceImpl,
  ServiceImplSpec,
} from "@connectrpc/connect";
import {
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  ConformancePayload_RequestInfoSchema,
  ConformancePayloadSchema,
  ConformanceService,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  UnaryRequestSchema,
} from "./gen/connectrpc/conformance/v1/service_pb.js";
import type {
  BidiStreamRequest,
  ConformancePayload,
  Error as ErrorDefinition,
  Header,
  StreamResponseDefinition,
  UnaryResponseDefinition,
} from "./gen/connectrpc/conformance/v1/service_pb.js";

/** The service that the suite calls: it says what it was asked, and answers as it is told. */
const implementation: Partial<ServiceImpl<typeof ConformanceService>> = {
  unary: async (request, context) => ({
    payload: await answerOnce(request.responseDefinition, context, [
      pack(UnaryRequestSchema, request),
    ]),
  }),

  idempotentUnary: async (request, context) => ({
    payload: await answerOnce(request.responseDefinition, context, [
      pack(IdempotentUnaryRequestSchema, request),
    ]),
  }),

  clientStream: async (requests, context) => {
    const packed: Any[] = [];
    let definition: UnaryResponseDefinition | undefined;
    for await (const request of requests) {
      if (packed.length === 0) {
        definition = request.responseDefinition;
      }
      packed.push(pack(ClientStreamRequestSchema, request));
    }
    return { payload: await answerOnce(definition, context, packed) };
  },

  async *serverStream(request, context) {
    const packed = [pack(ServerStreamRequestSchema, request)];
    const { responseDefinition: definition } = request;
    if (definition === undefined) {
      return;
    }
    setHeaders(definition, context);
    yield* answerRest(definition, context, packed, 0);
  },

  async *bidiStream(requests, context) {
    let packed: Any[] = [];
    let first: BidiStreamRequest | undefined;
    let answered = 0;
    for await (const request of requests) {
      packed.push(pack(BidiStreamRequestSchema, request));
      if (first === undefined) {
        first = request;
        const { responseDefinition: definition } = first;
        if (definition !== undefined) {
          setHeaders(definition, context);
        }
      }
      if (!first.fullDuplex) {
        continue;
      }
      const data = first.responseDefinition?.responseData[answered];
      if (data === undefined) {
        break;
      }
      await sleep(first.responseDefinition?.responseDelayMs ?? 0);
      const info =
        answered === 0
          ? requestInfo(context, packed)
          : create(ConformancePayload_RequestInfoSchema, { requests: packed });
      yield {
        payload: create(ConformancePayloadSchema, { data, requestInfo: info }),
      };
      answered++;
      packed = [];
    }
    if (first?.responseDefinition === undefined) {
      return;
    }
    yield* answerRest(first.responseDefinition, context, packed, answered);
  },
};

/** The conformance service, ready to be mounted. */
export const conformanceService: ServiceImplSpec = createServiceImplSpec<
  typeof ConformanceService
>(ConformanceService, implementation);

async function answerOnce(
  definition: UnaryResponseDefinition | undefined,
  context: HandlerContext,
  requests: Any[],
): Promise<ConformancePayload> {
  const info = requestInfo(context, requests);
  if (definition === undefined) {
    return create(ConformancePayloadSchema, { requestInfo: info });
  }
  setHeaders(definition, context);
  await sleep(definition.responseDelayMs);
  const { response } = definition;
  if (response.case === "error") {
    throw toError(response.value, info);
  }
  return create(ConformancePayloadSchema, {
    requestInfo: info,
    ...(response.case === "responseData" ? { data: response.value } : {}),
  });
}

async function* answerRest(
  definition: StreamResponseDefinition,
  context: HandlerContext,
  requests: Any[],
  answered: number,
): AsyncGenerator<{ payload: ConformancePayload }> {
  let count = answered;
  for (const data of definition.responseData.slice(answered)) {
    await sleep(definition.responseDelayMs);
    yield {
      payload: create(ConformancePayloadSchema, {
        data,
        ...(count === 0 ? { requestInfo: requestInfo(context, requests) } : {}),
      }),
    };
    count++;
  }
  if (definition.error === undefined) {
    return;
  }
  throw toError(
    definition.error,
    count === 0 ? requestInfo(context, requests) : undefined,
  );
}

function setHeaders(
  definition: UnaryResponseDefinition | StreamResponseDefinition,
  { responseHeader, responseTrailer }: HandlerContext,
): void {
  append(responseHeader, definition.responseHeaders);
  append(responseTrailer, definition.responseTrailers);
}

function append(target: Headers, headers: readonly Header[]): void {
  for (const { name, value } of headers) {
    for (const each of value) {
      target.append(name, each);
    }
  }
}

function requestInfo(
  context: HandlerContext,
  requests: Any[],
): MessageShape<typeof ConformancePayload_RequestInfoSchema> {
  const timeoutMs = context.timeoutMs();
  const query = new URL(context.url).searchParams;
  return create(ConformancePayload_RequestInfoSchema, {
    requests,
    requestHeaders: Array.from(context.requestHeader, ([name, value]) => ({
      name,
      value: value.split(", "),
    })),
    ...(timeoutMs === undefined ? {} : { timeoutMs: BigInt(timeoutMs) }),
    ...(query.size === 0
      ? {}
      : {
          connectGetInfo: {
            queryParams: Array.from(query, ([name, value]) => ({
              name,
              value: [value],
            })),
          },
        }),
  });
}

function toError(
  definition: ErrorDefinition,
  info: MessageShape<typeof ConformancePayload_RequestInfoSchema> | undefined,
): ConnectError {
  const error = new ConnectError(
    definition.message ?? "",
    codes.get(definition.code) ?? Code.Unknown,
  );
  error.details = definition.details.map(({ typeUrl, value }) => ({
    type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
    value,
  }));
  if (info !== undefined) {
    error.details.push({
      desc: ConformancePayload_RequestInfoSchema,
      value: info,
    });
  }
  return error;
}

const codes = new Map(
  Object.values(Code)
    .filter((code) => typeof code === "number")
    .map((code) => [code as number, code]),
);

function pack<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
): Any {
  return anyPack(schema, message);
}
