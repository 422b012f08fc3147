import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer } from "../../support/server.ts";
import type { TestServer } from "../../support/server.ts";
import { saySkipped } from "../support/find-program.ts";
import { runOrThrow, runProgram } from "../support/run-program.ts";
import { installGoProgram } from "../support/tool-cache.ts";

const grpcurl = await installGoProgram(
  "github.com/fullstorydev/grpcurl/cmd/grpcurl",
  "v1.9.3",
);
if (grpcurl.path === undefined) {
  saySkipped("grpcurl", grpcurl.missing);
}

const admin = "zitadel.admin.v1.AdminService";

describe.skipIf(grpcurl.path === undefined)("grpcurl", () => {
  const program = grpcurl.path ?? "";
  let server: TestServer;
  let address: string;
  let authorization: readonly string[];

  beforeAll(async () => {
    server = await startTestServer();
    address = `${server.host}:${server.port}`;
    authorization = ["-H", `authorization: Bearer ${server.adminToken}`];
  });

  afterAll(async () => {
    await server.close();
  });

  it("lists the services and their calls without a token", async () => {
    const services = await runOrThrow(program, ["-plaintext", address, "list"]);
    expect(services.trim().split("\n")).toEqual(
      expect.arrayContaining([
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "lockout.v1.AccessService",
        "lockout.v1.AttemptService",
        "lockout.v1.UserService",
        admin,
        "zitadel.management.v1.ManagementService",
        "zitadel.settings.v2.SettingsService",
        "zitadel.settings.v2beta.SettingsService",
        "zitadel.user.v2.UserService",
        "zitadel.user.v2beta.UserService",
      ]),
    );
    const methods = await runOrThrow(program, [
      "-plaintext",
      address,
      "list",
      admin,
    ]);
    expect(methods).toContain(`${admin}.UpdateLockoutPolicy`);
  });

  it("describes each service that it lists, and the messages of error details", async () => {
    const services = await runOrThrow(program, ["-plaintext", address, "list"]);
    for (const name of [
      ...services.trim().split("\n"),
      "zitadel.v1.ErrorDetail",
      "zitadel.v1.CredentialsCheckError",
      "google.rpc.BadRequest",
    ]) {
      await expect(
        runOrThrow(program, ["-plaintext", address, "describe", name]),
      ).resolves.toContain(`${name} is a `);
    }
  });

  it("makes a call by reflection, and decodes an error's detail", async () => {
    const update = [
      "-plaintext",
      ...authorization,
      "-d",
      '{"maxPasswordAttempts": 5, "maxOtpAttempts": 3}',
      address,
      `${admin}/UpdateLockoutPolicy`,
    ];
    expect(JSON.parse(await runOrThrow(program, update))).toMatchObject({
      details: { resourceOwner: server.instanceId },
    });
    const again = await runProgram(program, update);
    expect(again.code).not.toBe(0);
    expect(again.stderr).toContain("Code: FailedPrecondition");
    expect(again.stderr).toContain(
      "Message: Errors.IAM.LockoutPolicy.NotChanged (INSTANCE-0psjF)",
    );
    const detail = /\{[^}]*\}/.exec(again.stderr)?.[0] ?? "";
    expect(JSON.parse(detail)).toEqual({
      "@type": "type.googleapis.com/zitadel.v1.ErrorDetail",
      id: "INSTANCE-0psjF",
      message: "Errors.IAM.LockoutPolicy.NotChanged",
    });
  });

  it("is refused a call without a token", async () => {
    const { code, stderr } = await runProgram(program, [
      "-plaintext",
      address,
      `${admin}/GetLockoutPolicy`,
    ]);
    expect(code).not.toBe(0);
    expect(stderr).toContain("Code: Unauthenticated");
    expect(stderr).toContain("Message: auth header missing");
  });

  it("checks the health", async () => {
    const answer = await runOrThrow(program, [
      "-plaintext",
      address,
      "grpc.health.v1.Health/Check",
    ]);
    expect(JSON.parse(answer)).toEqual({ status: "SERVING" });
  });
});
