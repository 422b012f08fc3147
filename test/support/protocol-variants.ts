import {
  create,
  fromBinary,
  fromJson,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import type {
  DescMessage,
  DescMethodUnary,
  JsonObject,
  JsonValue,
  MessageInitShape,
} from "@bufbuild/protobuf";
import { ConnectError, createClient } from "@connectrpc/connect";
import type { Code, Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { BadRequestSchema } from "../../gen/google/rpc/error_details_pb.js";
import { ErrorDetailSchema } from "../../gen/zitadel/message_pb.js";
import { forms } from "./forms.ts";
import type { Form } from "./forms.ts";
import { restRequest } from "./rest-request.ts";
import { openWire } from "./wire.ts";
import type { Wire } from "./wire.ts";

/** What is wrong with a field of a request. */
interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** What a call is made with. */
export interface CallHeaders {
  readonly token?: string | undefined;
  readonly orgId?: string | undefined;
  /** The whole authorization header, instead of a bearer token. */
  readonly authorization?: string | undefined;
}

/** What came back, whichever door it came through. */
export type Answer =
  | { readonly ok: true; readonly message: JsonValue }
  | {
      readonly ok: false;
      readonly code: Code;
      readonly message: string;
      readonly details: readonly {
        readonly id: string;
        readonly message: string;
      }[];
      /** What is wrong with which fields, where something is said of them. */
      readonly violations?: readonly FieldViolation[];
      /** Where the protocol has one of its own: REST. */
      readonly status?: number;
    };

/** A way into the server. */
export interface Door {
  readonly name: string;
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    headers: CallHeaders,
  ): Promise<Answer>;
}

/**
 * The four protocols, and both versions of HTTP where a protocol takes both. On PostgreSQL two protocols stand for all: no store sees what
 * a call looked like.
 */
export function openDoors(url: string): readonly Door[] {
  return isOnPostgres()
    ? usualDoors(url).filter(({ name }) => ["gRPC", "REST"].includes(name))
    : usualDoors(url);
}

function isOnPostgres(): boolean {
  return process.env["TEST_ENGINE"] === "postgres";
}

function usualDoors(url: string): readonly Door[] {
  const h1 = { baseUrl: url, httpVersion: "1.1" } as const;
  const h2 = { baseUrl: url, httpVersion: "2" } as const;
  return [
    rpcDoor("gRPC", createGrpcTransport({ baseUrl: url })),
    rpcDoor("gRPC-Web over HTTP/1.1", createGrpcWebTransport(h1)),
    rpcDoor("gRPC-Web over HTTP/2", createGrpcWebTransport(h2)),
    rpcDoor("Connect JSON", createConnectTransport(h1)),
    rpcDoor(
      "Connect binary",
      createConnectTransport({ ...h2, useBinaryFormat: true }),
    ),
    restDoor(url),
  ];
}

function rpcDoor(name: string, transport: Transport): Door {
  return {
    name,
    async call(method, input, headers) {
      const client: Record<string, unknown> = createClient(
        method.parent,
        transport,
      );
      const run = client[method.localName] as (
        input: unknown,
        options: { headers: Headers },
      ) => Promise<never>;
      try {
        const message = await run(input, { headers: toHeaders(headers) });
        return { ok: true, message: toJson(method.output, message) };
      } catch (error) {
        return refusalOf(ConnectError.from(error));
      }
    },
  };
}

function refusalOf(error: ConnectError): Answer {
  const { code, rawMessage, details } = error;
  const found = error
    .findDetails(ErrorDetailSchema)
    .map(({ id, message }) => ({ id, message }));
  const [badRequest] = error.findDetails(BadRequestSchema);
  const known = found.length + (badRequest === undefined ? 0 : 1);
  if (known !== details.length) {
    throw new Error("a detail is of an unexpected type", { cause: error });
  }
  return {
    ...{ ok: false, code, message: rawMessage, details: found },
    ...(badRequest !== undefined && {
      violations: badRequest.fieldViolations.map(violation),
    }),
  };
}

function violation({ field, description }: FieldViolation): FieldViolation {
  return { field, description };
}

/** All that the same calls can look like on the wire; see {@link forms}. */
export function openFormDoors(url: string): readonly Door[] {
  const wire = openWire(url);
  return forms.map((form) => formDoor(form, wire));
}

/** {@link openDoors}, and all other forms, on SQLite alone. */
export function openAllDoors(url: string): readonly Door[] {
  return isOnPostgres()
    ? openDoors(url)
    : [...openDoors(url), ...openFormDoors(url)];
}

/** A door of any form, on any engine. @throws Error where there is none of that name */
export function openDoor(url: string, doorName: string): Door {
  const found = [...usualDoors(url), ...openFormDoors(url)].find(
    ({ name }) => name === doorName,
  );
  if (found === undefined) {
    throw new Error(`no door ${doorName}`);
  }
  return found;
}

/** Some of {@link openFormDoors} for each of many situations, by its place in their table, so that each form gets its share. */
export function formDoorNames(place: number): readonly string[] {
  if (isOnPostgres()) {
    return [];
  }
  return forms
    .filter((_form, index) => index % formShares === place % formShares)
    .map(({ name }) => name);
}

/** One in so many forms is tried with each situation. */
const formShares = 6;

function formDoor(form: Form, wire: Wire): Door {
  return {
    name: form.name,
    async call(method, input, headers) {
      const rest = restRequest(method, input);
      const message = create(method.input, input);
      const asJson = (json: JsonValue | undefined) =>
        json === undefined ? undefined : Buffer.from(JSON.stringify(json));
      const response = await wire(form, {
        method,
        rest,
        headers: toHeaders(headers),
        bytes:
          form.protocol === "rest"
            ? asJson(rest.body)
            : form.codec === "json"
              ? asJson(toJson(method.input, message))
              : toBinary(method.input, message),
      });
      if (response.ok) {
        const output =
          form.codec === "json"
            ? fromJson(method.output, jsonOf(response.bytes))
            : fromBinary(method.output, response.bytes);
        return { ok: true, message: toJson(method.output, output) };
      }
      return "error" in response
        ? refusalOf(response.error)
        : restRefusal(response.status, jsonOf(response.json));
    },
  };
}

function jsonOf(bytes: Uint8Array): JsonValue {
  return JSON.parse(Buffer.from(bytes).toString()) as JsonValue;
}

/** JSON over HTTP by the google.api.http rule of the method, as a person would write it with curl. */
function restDoor(url: string): Door {
  return {
    name: "REST",
    async call(method, input, headers) {
      const request = restRequest(method, input);
      const response = await fetch(`${url}${request.path}`, {
        method: request.method,
        headers: toHeaders(headers),
        ...(request.body !== undefined && {
          body: JSON.stringify(request.body),
        }),
      });
      const body = (await response.json()) as JsonObject;
      if (response.ok) {
        // The answer must be a message of its type, and is compared as such.
        const message = fromJson(method.output, body);
        return { ok: true, message: toJson(method.output, message) };
      }
      return restRefusal(response.status, body);
    },
  };
}

function restRefusal(status: number, body: JsonValue): Answer {
  const {
    code,
    message,
    details = [],
  } = body as unknown as {
    code: Code;
    message: string;
    details?: {
      "@type": string;
      id: string;
      message: string;
      fieldViolations?: readonly FieldViolation[];
    }[];
  };
  const fields = details.find((detail) => detail.fieldViolations !== undefined);
  return {
    ok: false,
    code,
    message,
    details: details
      .filter((detail) => detail !== fields)
      .map(({ id, message: text }) => ({ id, message: text })),
    ...(fields?.fieldViolations !== undefined && {
      violations: fields.fieldViolations.map(violation),
    }),
    status,
  };
}

function toHeaders({ token, orgId, authorization }: CallHeaders): Headers {
  const headers = new Headers();
  if (token !== undefined) {
    headers.set("authorization", `Bearer ${token}`);
  }
  if (authorization !== undefined) {
    headers.set("authorization", authorization);
  }
  if (orgId !== undefined) {
    headers.set("x-zitadel-orgid", orgId);
  }
  return headers;
}
