import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { createServiceImplSpec } from "@connectrpc/connect";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import { AttemptService } from "../../gen/lockout/v1/attempt_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { UserService } from "../../gen/zitadel/user/v2/user_service_pb.js";
import {
  createTranscoder,
  describeRoutes,
  type OpenApiInfo,
  type Transcoder,
} from "../../src/transcoding/index.ts";
import { transcoderOf } from "./in-memory.ts";
import { readGroups } from "./vectors.ts";

const info = {
  title: "Test",
  version: "1.0.0",
  license: { name: "Apache 2.0", identifier: "Apache-2.0" },
  security: { bearer: { type: "http", scheme: "bearer" } },
};

function published(): Transcoder {
  return createTranscoder({
    services: [
      {
        spec: createServiceImplSpec(ManagementService, {}),
        prefix: "/management/v1",
      },
      { spec: createServiceImplSpec(AdminService, {}), prefix: "/admin/v1" },
      { spec: createServiceImplSpec(UserService, {}) },
      { spec: createServiceImplSpec(AttemptService, {}) },
    ],
  });
}

const validator = new Validator();

const documents = [
  ["published services", describeRoutes(published().routes, info)],
  ...readGroups().map(
    ({ group, rules }) =>
      [group, describeRoutes(transcoderOf(rules).routes, info)] as const,
  ),
] as const;

describe.each(documents)("the description of %s", (_name, document) => {
  it("is valid OpenAPI 3.1", async () => {
    const result = await validator.validate(document);
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
  });

  it("names each operation once, and each parameter of its path", () => {
    const ids: JsonValue[] = [];
    for (const [path, item] of Object.entries(object(document["paths"]))) {
      const wanted = [...path.matchAll(/\{([^}]*)\}/g)].map(([, name]) => name);
      for (const operation of Object.values(object(item))) {
        const { operationId, parameters } = object(operation);
        ids.push(operationId ?? null);
        const named = array(parameters).map(object);
        expect(
          named.filter((one) => one["in"] === "path").map((one) => one["name"]),
        ).toEqual(wanted);
        const query = named.filter((one) => one["in"] === "query");
        expect(new Set(query.map((one) => one["name"])).size).toBe(
          query.length,
        );
      }
    }
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("refers only to schemas that it has", () => {
    const { schemas } = object(document["components"]);
    const names = Object.keys(object(schemas));
    for (const [, name] of JSON.stringify(document).matchAll(
      /"#\/components\/schemas\/([^"]*)"/g,
    )) {
      expect(names).toContain(name);
    }
  });
});

describe("what a description says", () => {
  function operationOf(
    rule: Parameters<typeof transcoderOf>[0][string],
    path: string,
    method: string,
    more: Partial<OpenApiInfo> = {},
  ): JsonObject {
    const { routes } = transcoderOf({ Call: rule });
    const { paths } = describeRoutes(routes, { ...info, ...more });
    return object(object(object(paths)[path])[method]);
  }

  it("expands variables that span segments", () => {
    const operation = operationOf(
      { input: "Message", get: "/v1/{name=users/*/messages/**}:look" },
      "/v1/users/{usersId}/messages/{messagesId}:look",
      "get",
    );
    expect(array(operation["parameters"]).slice(0, 2)).toEqual([
      {
        name: "usersId",
        in: "path",
        required: true,
        schema: { type: "string" },
        description: "Part of the field name.",
      },
      {
        name: "messagesId",
        in: "path",
        required: true,
        schema: { type: "string" },
        description: "Part of the field name. May hold slashes.",
      },
    ]);
  });

  it("lists the fields that neither path nor body bind as query parameters", () => {
    const operation = operationOf(
      {
        input: "CreateBookRequest",
        get: "/v1/{parent}/{book.author.given_name}",
      },
      "/v1/{parent}/{book.author.given_name}",
      "get",
    );
    const names = array(operation["parameters"])
      .map(object)
      .filter((one) => one["in"] === "query")
      .map((one) => one["name"]);
    expect(names).toEqual([
      "book.name",
      "book.title",
      "book.author.familyName",
      "book.tags",
      "book.publishTime",
      "book.note",
      "book.pageCount",
      "bookId",
      "validateOnly",
    ]);
  });

  it("has the forms of a stream", () => {
    const operation = operationOf(
      { input: "Message", get: "/v1/s", stream: "server" },
      "/v1/s",
      "get",
    );
    const schema = { $ref: "#/components/schemas/transcoding.test.v1.Message" };
    expect(object(operation["responses"])["200"]).toEqual({
      description: "OK",
      content: {
        "application/x-ndjson": { schema },
        "application/json": { schema: { type: "array", items: schema } },
        "text/event-stream": { schema },
      },
    });
  });

  it("has the system parameters of a stream, and of nothing else", () => {
    const namesOf = (rule: Parameters<typeof operationOf>[0]) =>
      array(
        operationOf(rule, "/v1/s", "get", {
          systemParameters: { from: "x-from", text: "x-text" },
        })["parameters"],
      ).map((parameter) => object(parameter)["name"]);
    const stream = namesOf({
      input: "Message",
      get: "/v1/s",
      stream: "server",
    });
    const unary = namesOf({ input: "Message", get: "/v1/s" });
    expect(stream).toEqual([...unary, "from"]);
  });

  it("leaves out of the body what the path binds", () => {
    const operation = operationOf(
      { input: "Message", put: "/v1/{message_id}", body: "*" },
      "/v1/{message_id}",
      "put",
    );
    const { content } = object(operation["requestBody"]);
    const { schema } = object(object(content)["application/json"]);
    expect(Object.keys(object(object(schema)["properties"]))).toEqual([
      "revision",
      "sub",
      "userId",
      "text",
      "name",
    ]);
  });
});

function object(json: JsonValue | undefined): JsonObject {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new Error(`not an object: ${JSON.stringify(json)}`);
  }
  return json;
}

function array(json: JsonValue | undefined): readonly JsonValue[] {
  if (!Array.isArray(json)) {
    throw new Error(`not an array: ${JSON.stringify(json)}`);
  }
  return json;
}
