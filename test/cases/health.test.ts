import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.js";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

// Section 5 of the contract: health answers for every service, and those are the services that reflection lists.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

it("every service that reflection lists is SERVING, by its full name", async () => {
  const transport = createGrpcTransport({ baseUrl: server.url });
  const health = createClient(Health, transport);
  const names = await listServices();
  expect(names).toEqual(
    expect.arrayContaining([
      "zitadel.admin.v1.AdminService",
      "lockout.v1.AttemptService",
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
    ]),
  );
  for (const service of ["", ...names]) {
    expect(await health.check({ service }), service).toMatchObject({
      status: ServingStatus.SERVING,
    });
  }

  async function listServices(): Promise<readonly string[]> {
    const requests = (async function* () {
      yield {
        messageRequest: { case: "listServices", value: "" },
      } as const;
    })();
    for await (const { messageResponse } of createClient(
      ServerReflection,
      transport,
    ).serverReflectionInfo(requests)) {
      if (messageResponse.case === "listServicesResponse") {
        return messageResponse.value.service.map(({ name }) => name);
      }
    }
    return [];
  }
});
