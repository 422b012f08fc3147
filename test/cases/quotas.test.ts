import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { defaultConfig } from "../../src/config.ts";
import { openDoors } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { setStage } from "./stage.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    quotas: { ...defaultConfig.quotas, maxUsersPerOrg: 2 },
  });
});

afterAll(async () => {
  await server.close();
});

describe.each(openDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    it("an organisation that has as many users as it may have registers no other, and serves those", async () => {
      const door = openDoors(server.url).find(({ name }) => name === doorName);
      const { orgOwner: token } = await setStage(server);
      const put = (userId: string) =>
        door?.call(UserService.method.putUser, { userId }, { token });
      const begin = (userId: string) =>
        door?.call(
          AttemptService.method.beginAttempt,
          {
            subject: { case: "userId", value: userId },
            factor: Factor.PASSWORD,
          },
          { token },
        );
      const refused = {
        ok: false,
        code: Code.ResourceExhausted,
        details: [{ id: "LOCKOUTD-usr07" }],
      };
      expect(await put("one")).toMatchObject({ ok: true });
      expect(await begin("two")).toMatchObject({ ok: true });
      expect(await put("three")).toMatchObject(refused);
      expect(await begin("three")).toMatchObject(refused);
      expect(await put("one")).toMatchObject({ ok: true });
      expect(await begin("one")).toMatchObject({ ok: true });
      await door?.call(
        UserService.method.deleteUser,
        { userId: "one" },
        { token },
      );
      expect(await begin("three")).toMatchObject({ ok: true });
    });
  },
);
