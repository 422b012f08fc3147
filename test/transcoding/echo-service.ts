import {
  clone,
  create,
  type DescMethod,
  type DescService,
  getOption,
  hasOption,
  type JsonWriteOptions,
  type Message,
  setExtension,
  toJsonString,
} from "@bufbuild/protobuf";
import {
  MethodDescriptorProtoSchema,
  MethodOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import {
  createMethodImplSpec,
  type MethodImpl,
  type MethodImplSpec,
  type ServiceImplSpec,
} from "@connectrpc/connect";
import { http } from "../../gen/google/api/annotations_pb.js";
import { type HttpRule, HttpRuleSchema } from "../../gen/google/api/http_pb.js";
import {
  type HttpBody,
  HttpBodySchema,
} from "../../gen/google/api/httpbody_pb.js";
import { isHttpBody } from "../../src/transcoding/message/request.ts";
import { createResponseWriter } from "../../src/transcoding/message/response.ts";
import { readBindings } from "../../src/transcoding/template/rule.ts";

/**
 * Implements a service by answering each request with itself. Where request and response are of different types, the method is
 * changed to return its request; a client stream is answered with all its messages, one a
 * line.
 *
 * @throws RuleError for a rule that cannot be served.
 */
export function echoService(
  service: DescService,
  json: Partial<JsonWriteOptions>,
): ServiceImplSpec {
  const methods: Record<string, MethodImplSpec> = {};
  for (const method of service.methods) {
    if (hasOption(method, http)) {
      methods[method.localName] = echoMethod(method, json);
    }
  }
  return { service, methods };
}

function echoMethod(
  method: DescMethod,
  json: Partial<JsonWriteOptions>,
): MethodImplSpec {
  // Also those that will not be served as they are.
  readBindings(method, "");
  const own = method.input.typeName === method.output.typeName;
  const served = own ? method : returningInput(method);
  switch (method.methodKind) {
    case "unary":
      return implement(served, (request: Message) => request);
    case "server_streaming":
      return implement(served, async function* (request: Message) {
        yield request;
      });
    case "client_streaming":
      return implement(
        { ...withoutResponseBody(method), output: HttpBodySchema },
        own && isHttpBody(method.input) ? joinBodies : joinLines(method, json),
      );
    case "bidi_streaming":
      // A transcoder has no route to it.
      return implement(method, async function* () {
        yield* [];
      });
  }
}

/** The types of a method that is only known at run time say nothing about its implementation. */
function implement(method: DescMethod, impl: unknown): MethodImplSpec {
  return createMethodImplSpec(method, impl as MethodImpl<DescMethod>);
}

/** All messages of a client stream, one a line. */
function joinLines(method: DescMethod, json: Partial<JsonWriteOptions>) {
  const [binding] = readBindings(method, "");
  const own = method.input.typeName === method.output.typeName;
  const line = (message: Message): Uint8Array =>
    own && binding !== undefined
      ? createResponseWriter(binding, json).write(message).bytes
      : Buffer.from(toJsonString(method.input, message, json));
  return async (requests: AsyncIterable<Message>): Promise<HttpBody> => {
    const parts: Uint8Array[] = [];
    for await (const request of requests) {
      parts.push(line(request), Buffer.from("\n"));
    }
    return create(HttpBodySchema, {
      contentType: "application/x-ndjson",
      data: Buffer.concat(parts),
    });
  };
}

/** The bytes of all messages of a client stream. */
async function joinBodies(
  requests: AsyncIterable<HttpBody>,
): Promise<HttpBody> {
  const parts: Uint8Array[] = [];
  let contentType = "";
  for await (const request of requests) {
    ({ contentType } = request);
    parts.push(request.data);
  }
  return create(HttpBodySchema, { contentType, data: Buffer.concat(parts) });
}

/** A method that returns what it is given. Its response_body named a field of another type. */
function returningInput(method: DescMethod): DescMethod {
  return { ...withoutResponseBody(method), output: method.input };
}

function withoutResponseBody(method: DescMethod): DescMethod {
  const strip = (rule: HttpRule): HttpRule => {
    const stripped = clone(HttpRuleSchema, rule);
    stripped.responseBody = "";
    stripped.additionalBindings = stripped.additionalBindings.map(strip);
    return stripped;
  };
  const proto = clone(MethodDescriptorProtoSchema, method.proto);
  proto.options ??= create(MethodOptionsSchema);
  setExtension(proto.options, http, strip(getOption(method, http)));
  return { ...method, proto };
}
