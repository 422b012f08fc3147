import { once } from "node:events";
import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { compressionAlgorithms, status } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../gen/grpc/health/v1/health_pb.js";
import { AttemptService } from "../../gen/lockout/v1/attempt_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { ErrorDetailSchema } from "../../gen/zitadel/message_pb.js";
import { setStage } from "../cases/stage.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { openGrpcJsClient } from "./support/grpc-js-client.ts";
import type { GrpcJsClient } from "./support/grpc-js-client.ts";

const { getLockoutPolicy, updateLockoutPolicy } = AdminService.method;
const { addCustomLockoutPolicy, resetLockoutPolicyToDefault } =
  ManagementService.method;
const { check, watch } = Health.method;

describe("@grpc/grpc-js", () => {
  let server: TestServer;
  let client: GrpcJsClient;
  let admin: { readonly authorization: string };

  beforeAll(async () => {
    server = await startTestServer();
    client = openGrpcJsClient(server);
    admin = { authorization: `Bearer ${server.adminToken}` };
  });

  afterAll(async () => {
    client.close();
    await server.close();
  });

  it("updates and reads the default policy", async () => {
    const updated = await client.call(
      updateLockoutPolicy,
      { maxPasswordAttempts: 5, maxOtpAttempts: 3 },
      admin,
    );
    expect(updated).toMatchObject({
      ok: true,
      message: { details: { resourceOwner: server.instanceId } },
    });
    await expect(
      client.call(getLockoutPolicy, {}, admin),
    ).resolves.toMatchObject({
      ok: true,
      message: { policy: { maxPasswordAttempts: 5n, maxOtpAttempts: 3n } },
    });
  });

  it("names the organisation in its metadata, which may be empty", async () => {
    const { orgId, orgOwner } = await setStage(server);
    const owner = { authorization: `Bearer ${orgOwner}` };
    await expect(
      client.call(
        addCustomLockoutPolicy,
        { maxPasswordAttempts: 2 },
        { ...admin, "x-zitadel-orgid": orgId },
      ),
    ).resolves.toMatchObject({
      ok: true,
      message: { details: { resourceOwner: orgId } },
    });
    await expect(
      client.call(
        resetLockoutPolicyToDefault,
        {},
        { ...owner, "x-zitadel-orgid": "" },
      ),
    ).resolves.toMatchObject({
      ok: true,
      message: { details: { resourceOwner: orgId } },
    });
  });

  it("sends requests compressed by gzip", async () => {
    const compressing = openGrpcJsClient(server, {
      "grpc.default_compression_algorithm": compressionAlgorithms.gzip,
    });
    const updated = await compressing.call(
      updateLockoutPolicy,
      { maxPasswordAttempts: 6, maxOtpAttempts: 6 },
      admin,
    );
    compressing.close();
    expect(updated).toMatchObject({ ok: true });
    await expect(
      client.call(getLockoutPolicy, {}, admin),
    ).resolves.toMatchObject({ message: { policy: { maxOtpAttempts: 6n } } });
  });

  it("reads google.rpc.Status with the error's detail", async () => {
    const limits = { maxPasswordAttempts: 8, maxOtpAttempts: 8 };
    await client.call(updateLockoutPolicy, limits, admin);
    const again = await client.call(updateLockoutPolicy, limits, admin);
    if (again.ok) {
      throw new Error("the second update changed something");
    }
    expect(again.error).toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: "Errors.IAM.LockoutPolicy.NotChanged (INSTANCE-0psjF)",
    });
    const rich = statusOf(again.error);
    expect(rich).toMatchObject({
      code: status.FAILED_PRECONDITION,
      message: again.error.details,
    });
    expect(rich.details).toHaveLength(1);
    expect(
      rich.details.map((any) => anyUnpack(any, ErrorDetailSchema)),
    ).toMatchObject([
      { id: "INSTANCE-0psjF", message: "Errors.IAM.LockoutPolicy.NotChanged" },
    ]);
  });

  it("is told that a call without a token is unauthenticated, without details", async () => {
    const answer = await client.call(getLockoutPolicy, {});
    expect(answer).toMatchObject({
      ok: false,
      error: {
        code: status.UNAUTHENTICATED,
        details: "auth header missing",
      },
    });
    if (answer.ok) {
      return;
    }
    expect(answer.error.metadata.get("grpc-status-details-bin")).toEqual([]);
  });

  it("is answered within a deadline of twenty minutes, as the Terraform provider sets it", async () => {
    await expect(
      client.call(getLockoutPolicy, {}, admin, {
        deadline: Date.now() + 1_200_000,
      }),
    ).resolves.toMatchObject({ ok: true });
  });

  it("has a stream ended at its deadline", async () => {
    const stream = client.stream(AttemptService.method.watchEvents, {}, admin, {
      deadline: Date.now() + 300,
    });
    const error = await new Promise<ServiceError>((resolve) => {
      stream.on("error", resolve);
      stream.resume();
    });
    expect(error.code).toBe(status.DEADLINE_EXCEEDED);
  });

  it("cancels a stream without harm to other calls", async () => {
    const stream = client.stream(watch, { service: "" });
    const failed = new Promise<ServiceError>((resolve) => {
      stream.on("error", resolve);
    });
    await once(stream, "data");
    stream.cancel();
    expect((await failed).code).toBe(status.CANCELLED);
    await expect(
      client.call(getLockoutPolicy, {}, admin),
    ).resolves.toMatchObject({ ok: true });
  });

  it("checks the health of the server and of each service, without a token", async () => {
    for (const service of [
      "",
      AdminService.typeName,
      "lockout.v1.UserService",
    ]) {
      await expect(client.call(check, { service })).resolves.toMatchObject({
        ok: true,
        message: { status: ServingStatus.SERVING },
      });
    }
    await expect(
      client.call(check, { service: "zitadel.admin.v1.NoService" }),
    ).resolves.toMatchObject({
      ok: false,
      error: { code: status.NOT_FOUND },
    });
  });

  it("watches the events until the server ends, which does not wait for it", async () => {
    const ending = await startTestServer({ shutdownGraceMs: 600_000 });
    const watcher = openGrpcJsClient(ending);
    const stream = watcher.stream(
      AttemptService.method.watchEvents,
      { after: "0" },
      { authorization: `Bearer ${ending.adminToken}` },
    );
    const failed = new Promise<ServiceError>((resolve) => {
      stream.on("error", resolve);
    });
    await once(stream, "data");
    stream.resume();
    await ending.close();
    watcher.close();
    expect((await failed).code).toBe(status.UNAVAILABLE);
  });

  it("watches the health until the server ends", async () => {
    const ending = await startTestServer({ shutdownGraceMs: 5_000 });
    const watcher = openGrpcJsClient(ending);
    const stream = watcher.stream(watch, { service: "" });
    const seen: ServingStatus[] = [];
    stream.on("data", ({ status: one }: { status: ServingStatus }) => {
      seen.push(one);
    });
    const ended = new Promise<void>((resolve) => {
      stream.on("error", () => {
        resolve();
      });
      stream.on("end", resolve);
    });
    await once(stream, "data");
    await ending.close();
    await ended;
    watcher.close();
    expect(seen).toEqual([ServingStatus.SERVING, ServingStatus.NOT_SERVING]);
  });
});

function statusOf({ metadata }: ServiceError) {
  const [bytes, ...more] = metadata.get("grpc-status-details-bin");
  if (!Buffer.isBuffer(bytes) || more.length > 0) {
    throw new Error("there is not one status with details");
  }
  return fromBinary(StatusSchema, bytes);
}
