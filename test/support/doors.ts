import { create, fromJson, getOption, toJson } from "@bufbuild/protobuf";
import type {
  DescMessage,
  DescMethod,
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
import { http } from "../../gen/google/api/annotations_pb.js";
import type { HttpRule } from "../../gen/google/api/http_pb.js";
import { ErrorDetailSchema } from "../../gen/zitadel/message_pb.js";

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

/** The four protocols, and both versions of HTTP where a protocol takes both. */
export function openDoors(url: string): readonly Door[] {
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
        const { code, rawMessage, details, findDetails } =
          asConnectError(error);
        const found = findDetails();
        if (found.length !== details.length) {
          throw new Error("a detail is no ErrorDetail", { cause: error });
        }
        return { ok: false, code, message: rawMessage, details: found };
      }
    },
  };
}

function asConnectError(error: unknown) {
  const { code, rawMessage, details } = ConnectError.from(error);
  const findDetails = () =>
    ConnectError.from(error)
      .findDetails(ErrorDetailSchema)
      .map(({ id, message }) => ({ id, message }));
  return { code, rawMessage, details, findDetails };
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
      const {
        code,
        message,
        details = [],
      } = body as {
        code: Code;
        message: string;
        details?: { "@type": string; id: string; message: string }[];
      };
      return {
        ok: false,
        code,
        message,
        details: details.map(({ id, message: text }) => ({
          id,
          message: text,
        })),
        status: response.status,
      };
    },
  };
}

const prefixes: Readonly<Record<string, string>> = {
  "zitadel.admin.v1.AdminService": "/admin/v1",
  "zitadel.management.v1.ManagementService": "/management/v1",
};

function restRequest<I extends DescMessage>(
  method: DescMethodUnary<I>,
  input: MessageInitShape<I>,
) {
  const rule = getOption(method, http);
  const message = toJson(method.input, create(method.input, input));
  const fields = new Map(Object.entries(message as JsonObject));
  const path = templateOf(rule).replaceAll(
    /\{(\w+)\}/g,
    (_variable, name: string) => {
      const json = fieldJsonName(method, name);
      const value = fields.get(json);
      fields.delete(json);
      return encodeURIComponent(typeof value === "string" ? value : "");
    },
  );
  const prefix = prefixes[method.parent.typeName] ?? "";
  const query = rule.body === "*" ? "" : queryOf(Object.fromEntries(fields));
  return {
    method: rule.pattern.case?.toUpperCase() ?? "",
    path: `${prefix}${path}${query}`,
    body: rule.body === "*" ? Object.fromEntries(fields) : undefined,
  };
}

function templateOf({ pattern }: HttpRule): string {
  if (pattern.case === undefined || pattern.case === "custom") {
    throw new Error("the method has no plain rule");
  }
  return pattern.value;
}

function fieldJsonName(method: DescMethod, name: string): string {
  const field = method.input.fields.find((one) => one.name === name);
  if (field === undefined) throw new Error(`no field ${name}`);
  return field.jsonName;
}

function queryOf(fields: JsonObject): string {
  const pairs = (object: JsonObject, path: string): string[] =>
    Object.entries(object).flatMap(([name, value]) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? pairs(value, `${path}${name}.`)
        : [
            `${path}${name}=${encodeURIComponent(JSON.stringify(value).replaceAll('"', ""))}`,
          ],
    );
  const all = pairs(fields, "");
  return all.length === 0 ? "" : `?${all.join("&")}`;
}

function toHeaders({ token, orgId, authorization }: CallHeaders): Headers {
  const headers = new Headers();
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  if (authorization !== undefined) headers.set("authorization", authorization);
  if (orgId !== undefined) headers.set("x-zitadel-orgid", orgId);
  return headers;
}
