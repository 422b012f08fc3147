import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { runOrThrow, runProgram } from "./support/run-program.ts";

const checkout = (path: string) =>
  fileURLToPath(new URL(`../../${path}`, import.meta.url));
const buf = checkout("node_modules/.bin/buf");
const adminService = "zitadel.admin.v1.AdminService";

const reflections = ["grpc-v1", "grpc-v1alpha"] as const;
const protocols = ["grpc", "grpcweb", "connect"] as const;

describe("buf curl", () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
  });

  afterAll(async () => {
    await server.close();
  });

  const update = (
    maxPasswordAttempts: number,
    ...flags: readonly string[]
  ): readonly string[] => [
    "curl",
    ...flags,
    "--header",
    `authorization: Bearer ${server.adminToken}`,
    "--data",
    JSON.stringify({ maxPasswordAttempts }),
    `${server.url}/${adminService}/UpdateLockoutPolicy`,
  ];

  it.each(reflections)(
    "lists the services and the calls of one by %s, without a token",
    async (reflection) => {
      const flags = [
        "--http2-prior-knowledge",
        "--reflect-protocol",
        reflection,
      ];
      const services = await runOrThrow(buf, [
        "curl",
        ...flags,
        "--list-services",
        server.url,
      ]);
      expect(services.split("\n")).toEqual(
        expect.arrayContaining([
          adminService,
          "grpc.health.v1.Health",
          "lockout.v1.AttemptService",
          "zitadel.management.v1.ManagementService",
          "zitadel.settings.v2.SettingsService",
        ]),
      );
      const methods = await runOrThrow(buf, [
        "curl",
        ...flags,
        "--list-methods",
        server.url,
      ]);
      expect(methods.split("\n")).toContain(
        `${adminService}/UpdateLockoutPolicy`,
      );
    },
  );

  it.each(protocols)(
    "updates the policy by reflection and %s, and shows why it cannot twice",
    async (protocol) => {
      const args = update(
        5 + protocols.indexOf(protocol),
        "--http2-prior-knowledge",
        "--protocol",
        protocol,
      );
      expect(JSON.parse(await runOrThrow(buf, args))).toMatchObject({
        details: { resourceOwner: server.instanceId },
      });
      const again = await runProgram(buf, args);
      expect(again.code).not.toBe(0);
      expect(JSON.parse(again.stderr)).toMatchObject({
        code: "failed_precondition",
        message: "Errors.IAM.LockoutPolicy.NotChanged (INSTANCE-0psjF)",
        details: [{ type: "zitadel.v1.ErrorDetail" }],
      });
    },
  );

  it.each(["grpcweb", "connect"])(
    "updates the policy over HTTP/1.1 by our proto files and %s",
    async (protocol) => {
      const args = update(
        protocol === "connect" ? 20 : 30,
        "--protocol",
        protocol,
        "--schema",
        checkout("proto"),
      );
      expect(JSON.parse(await runOrThrow(buf, args))).toMatchObject({
        details: { resourceOwner: server.instanceId },
      });
    },
  );
});
