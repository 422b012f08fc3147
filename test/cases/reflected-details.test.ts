import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { createWritableIterable } from "@connectrpc/connect/protocol";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.js";
import { BadRequestSchema } from "../../gen/google/rpc/error_details_pb.js";
import { PolicyService } from "../../gen/lockout/v1/policy_service_pb.js";
import {
  CredentialsCheckErrorSchema,
  ErrorDetailSchema,
} from "../../gen/zitadel/message_pb.js";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

// grpcurl and its like know a server by its reflection alone, and print a detail of an error that they cannot find as bytes.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

async function isReflected(symbol: string): Promise<boolean> {
  const reflection = createClient(
    ServerReflection,
    createGrpcTransport({ baseUrl: server.url }),
  );
  const requests = createWritableIterable<{
    messageRequest: { case: "fileContainingSymbol"; value: string };
  }>();
  void requests.write({
    messageRequest: { case: "fileContainingSymbol", value: symbol },
  });
  for await (const response of reflection.serverReflectionInfo(requests)) {
    requests.close();
    return response.messageResponse.case === "fileDescriptorResponse";
  }
  throw new Error("no response");
}

it.each<DescMessage>([
  ErrorDetailSchema,
  CredentialsCheckErrorSchema,
  BadRequestSchema,
])("reflection knows $typeName", async ({ typeName }) => {
  expect(await isReflected(typeName)).toBe(true);
});

it("reflection knows each detail of a refusal that names fields", async () => {
  const policies = createClient(
    PolicyService,
    createGrpcTransport({ baseUrl: server.url }),
  );
  const refusal = await policies
    .setRules(
      { rules: { lockGrowth: 2 } },
      { headers: { authorization: `Bearer ${server.adminToken}` } },
    )
    .catch((error: unknown) => ConnectError.from(error));
  if (!(refusal instanceof ConnectError)) {
    throw new Error("the rules were taken");
  }
  expect(refusal.code).toBe(Code.InvalidArgument);
  const types = refusal.details.map((detail) =>
    "type" in detail ? detail.type : detail.desc.typeName,
  );
  expect(types).toEqual(["zitadel.v1.ErrorDetail", "google.rpc.BadRequest"]);
  for (const type of types) {
    expect(await isReflected(type)).toBe(true);
  }
});
