import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import type { DescMessage } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { createWritableIterable } from "@connectrpc/connect/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ErrorDetailSchema } from "../../gen/zitadel/message_pb.js";
import { createReflection } from "../../src/http/services/reflection.ts";
import { startServer, stopServers } from "./support.ts";

afterEach(stopServers);

function serve() {
  return startServer({
    openServices: createReflection(
      [AdminService.typeName],
      [AdminService.file, ErrorDetailSchema.file],
    ),
  });
}

for (const service of [ServerReflection, ServerReflectionAlpha]) {
  describe(service.typeName, () => {
    type Request = Parameters<typeof ask>[1];

    async function ask(
      url: string,
      messageRequest:
        | {
            case:
              | "fileByFilename"
              | "fileContainingSymbol"
              | "allExtensionNumbersOfType"
              | "listServices";
            value: string;
          }
        | {
            case: "fileContainingExtension";
            value: { containingType: string; extensionNumber: number };
          }
        | { case: undefined },
    ) {
      const client = createClient(
        service,
        createGrpcTransport({ baseUrl: url }),
      );
      const requests = createWritableIterable<{
        host: string;
        messageRequest: typeof messageRequest;
      }>();
      void requests.write({ host: "h", messageRequest });
      for await (const response of client.serverReflectionInfo(requests)) {
        requests.close();
        expect(response.validHost).toBe("h");
        expect(response.originalRequest?.messageRequest.case).toBe(
          messageRequest.case,
        );
        return response.messageResponse;
      }
      throw new Error("no answer");
    }

    async function askForFiles(url: string, request: Request) {
      const answer = await ask(url, request);
      if (answer.case !== "fileDescriptorResponse") {
        throw new Error(`unexpected ${String(answer.case)}`);
      }
      return answer.value.fileDescriptorProto.map((bytes) =>
        fromBinary(FileDescriptorProtoSchema, bytes),
      );
    }

    test("lists the services", async () => {
      const { url } = await serve();
      const answer = await ask(url, { case: "listServices", value: "" });
      expect(answer).toMatchObject({
        case: "listServicesResponse",
        value: {
          service: [
            { name: "grpc.reflection.v1.ServerReflection" },
            { name: "grpc.reflection.v1alpha.ServerReflection" },
            { name: "zitadel.admin.v1.AdminService" },
          ],
        },
      });
    });

    test("gives a file with all that it takes to understand it", async () => {
      const { url } = await serve();
      const file = await askForFiles(url, {
        case: "fileContainingSymbol",
        value: "zitadel.admin.v1.AdminService",
      });
      expect(file[0]?.name).toBe("zitadel/admin.proto");
      const registry = createFileRegistry(
        create(FileDescriptorSetSchema, { file: file.toReversed() }),
      );
      const served = registry.getService("zitadel.admin.v1.AdminService");
      expect(served?.methods.map(({ name }) => name)).toEqual(
        AdminService.methods.map(({ name }) => name),
      );
    });

    test("finds every kind of symbol", async () => {
      const { url } = await serve();
      const message: DescMessage =
        AdminService.method.updateLockoutPolicy.input;
      for (const [value, name] of [
        [message.typeName, "zitadel/admin.proto"],
        [`${message.typeName}.max_password_attempts`, "zitadel/admin.proto"],
        ["zitadel.admin.v1.AdminService.Healthz", "zitadel/admin.proto"],
        ["zitadel.v1.ErrorDetail", "zitadel/message.proto"],
        ["google.api.http", "google/api/annotations.proto"],
        ["google.api.HttpRule.pattern", "google/api/http.proto"],
        ["google.protobuf.Any", "google/protobuf/any.proto"],
        ["google.protobuf.MethodOptions", "google/protobuf/descriptor.proto"],
        [
          "google.protobuf.MethodOptions.IdempotencyLevel",
          "google/protobuf/descriptor.proto",
        ],
        [
          "google.protobuf.MethodOptions.NO_SIDE_EFFECTS",
          "google/protobuf/descriptor.proto",
        ],
      ] as const) {
        const [file] = await askForFiles(url, {
          case: "fileContainingSymbol",
          value,
        });
        expect(file?.name).toBe(name);
      }
    });

    test("finds files by name and extensions by number", async () => {
      const { url } = await serve();
      const byName = await askForFiles(url, {
        case: "fileByFilename",
        value: "google/protobuf/timestamp.proto",
      });
      expect(byName.map(({ name }) => name)).toEqual([
        "google/protobuf/timestamp.proto",
      ]);
      const [byExtension] = await askForFiles(url, {
        case: "fileContainingExtension",
        value: {
          containingType: "google.protobuf.MethodOptions",
          extensionNumber: 72295728,
        },
      });
      expect(byExtension?.name).toBe("google/api/annotations.proto");
      const numbers = await ask(url, {
        case: "allExtensionNumbersOfType",
        value: "google.protobuf.MethodOptions",
      });
      expect(numbers).toMatchObject({
        case: "allExtensionNumbersResponse",
        value: { extensionNumber: expect.arrayContaining([72295728]) },
      });
      const none = await ask(url, {
        case: "allExtensionNumbersOfType",
        value: "zitadel.v1.ErrorDetail",
      });
      expect(none).toMatchObject({
        case: "allExtensionNumbersResponse",
        value: { extensionNumber: [] },
      });
    });

    test("says what it does not find", async () => {
      const { url } = await serve();
      for (const [request, errorCode] of [
        [{ case: "fileByFilename", value: "nope.proto" }, 5],
        [{ case: "fileContainingSymbol", value: "nope.Nope" }, 5],
        [{ case: "allExtensionNumbersOfType", value: "nope.Nope" }, 5],
        [
          {
            case: "fileContainingExtension",
            value: { containingType: "nope.Nope", extensionNumber: 1 },
          },
          5,
        ],
        [{ case: undefined }, 3],
      ] as const) {
        expect(await ask(url, request)).toMatchObject({
          case: "errorResponse",
          value: { errorCode, errorMessage: expect.stringMatching(/./) },
        });
      }
    });
  });
}
