import { fromBinary } from "@bufbuild/protobuf";
import type { JsonObject } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  PolicyService,
  RulesSchema,
} from "../../gen/lockout/v1/policy_service_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf, violatedFields } from "./situation.ts";
import { grpcDoor, setStage } from "./stage.ts";

// lockout.v1.PolicyService: numbers and rules as a whole, inherited each by itself.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    defaultPolicy: { maxPasswordAttempts: 10, maxOtpAttempts: 5 },
  });
});
afterAll(() => server.close());

const policies = PolicyService.method;
const management = ManagementService.method;
const anyTime = expect.stringMatching(/^\d{4}-.*Z$/) as string;

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    const open = () => openDoor(server.url, doorName);

    it("an organisation has the default's parts until it has its own, and again after", async () => {
      const door = open();
      const { orgOwner } = await setStage(server);
      const headers = { token: orgOwner };
      const get = async () =>
        messageOf(
          await door.call(policies.getPolicy, {}, headers),
        ) as JsonObject;
      const inherited = await get();
      expect(inherited).toEqual({
        ...{ maxPasswordAttempts: "10", maxOtpAttempts: "5", rules: {} },
        numbersFrom: "POLICY_SOURCE_DEFAULT",
        rulesFrom: "POLICY_SOURCE_DEFAULT",
        etag: expect.stringMatching(/^d\d+\.d\d+$/) as string,
        updateTime: anyTime,
        budgets: expect.any(Array) as unknown[],
      });

      const set = messageOf(
        await door.call(policies.setRules, { rules: {} }, headers),
      );
      expect(set).toMatchObject({
        numbersFrom: "POLICY_SOURCE_DEFAULT",
        rulesFrom: "POLICY_SOURCE_ORGANIZATION",
      });
      expect(await get()).toEqual(set);
      // What holds already may be set again.
      expect(
        messageOf(
          await door.call(
            policies.setRules,
            { rules: {}, etag: (set as { etag: string }).etag },
            headers,
          ),
        ),
      ).toEqual(set);

      await door.call(
        management.addCustomLockoutPolicy,
        { maxPasswordAttempts: 3 },
        headers,
      );
      expect(await get()).toMatchObject({
        maxPasswordAttempts: "3",
        numbersFrom: "POLICY_SOURCE_ORGANIZATION",
      });
      await door.call(policies.resetRules, {}, headers);
      expect(await get()).toMatchObject({
        numbersFrom: "POLICY_SOURCE_ORGANIZATION",
        rulesFrom: "POLICY_SOURCE_DEFAULT",
      });
      await door.call(policies.setRules, {}, headers);
      const reset = await door.call(
        management.resetLockoutPolicyToDefault,
        {},
        headers,
      );
      expect(messageOf(reset)).toMatchObject({ details: { sequence: "7" } });
      expect(await get()).toEqual(inherited);
      // Of rules alone: ZITADEL's call removes them, once.
      await door.call(policies.setRules, {}, headers);
      expect(
        messageOf(
          await door.call(management.resetLockoutPolicyToDefault, {}, headers),
        ),
      ).toMatchObject({ details: { sequence: "9" } });
      expect(
        await door.call(management.resetLockoutPolicyToDefault, {}, headers),
      ).toMatchObject({ ok: false, code: Code.NotFound });
    });

    it("says all that is wrong with rules, by field", async () => {
      const door = open();
      const { orgOwner } = await setStage(server);
      const answer = await door.call(
        policies.setRules,
        {
          rules: {
            lockGrowth: 11,
            maxLockDuration: durationFromMs(1),
            observationWindow: { seconds: 1n, nanos: 1 },
            ceiling: 9,
            devices: { trustDuration: { seconds: 40_000_000n } },
            sources: { maxFailures: 1, ipv4Prefix: 7 },
          },
        },
        { token: orgOwner },
      );
      expect(answer).toMatchObject({
        ok: false,
        code: Code.InvalidArgument,
        details: [{ id: "LOCKOUTD-pol01" }],
      });
      expect(violatedFields(answer)).toEqual(
        expect.arrayContaining([
          "rules.lock_growth",
          "rules.max_lock_duration",
          "rules.observation_window",
          "rules.ceiling",
          "rules.devices.trust_duration",
          "rules.sources.window",
          "rules.sources.ipv4_prefix",
        ]),
      );
    });

    it("a change of a policy that is not known is refused", async () => {
      const door = open();
      const { orgOwner } = await setStage(server);
      const headers = { token: orgOwner };
      const { etag } = messageOf(
        await door.call(policies.getPolicy, {}, headers),
      ) as { etag: string };
      await door.call(policies.setRules, { rules: {}, etag }, headers);
      for (const answer of [
        await door.call(policies.setRules, { rules: {}, etag }, headers),
        await door.call(policies.resetRules, { etag }, headers),
        await door.call(
          policies.resetRules,
          { etag: "x".repeat(201) },
          headers,
        ),
      ]) {
        expect(answer).toMatchObject({
          ...{ ok: false, code: Code.Aborted },
          details: [{ id: "LOCKOUTD-pol02" }],
          ...(doorName.startsWith("REST") && { status: 409 }),
        });
      }
    });

    it("the default policy has rules by the same calls, for callers on the instance", async () => {
      const door = open();
      const { orgOwner } = await setStage(server);
      const admin = { token: server.adminToken };
      const shown = messageOf(
        await door.call(policies.getInstancePolicy, {}, admin),
      );
      expect(shown).toMatchObject({ rulesFrom: "POLICY_SOURCE_DEFAULT" });
      expect(
        messageOf(await door.call(policies.setInstanceRules, {}, admin)),
      ).toEqual(shown);
      for (const method of [
        policies.getInstancePolicy,
        policies.setInstanceRules,
      ] as const) {
        expect(
          await door.call(
            method as typeof policies.setInstanceRules,
            {},
            {
              token: orgOwner,
            },
          ),
        ).toMatchObject({ ok: false, code: Code.PermissionDenied });
      }
    });
  },
);

it("JSON has the etag as a header, and takes it in If-Match", async () => {
  const { orgOwner } = await setStage(server);
  const call = (method: string, path: string, ifMatch?: string) =>
    fetch(`${server.url}/lockout/v1/policy${path}`, {
      method,
      headers: {
        authorization: `Bearer ${orgOwner}`,
        ...(ifMatch !== undefined && { "if-match": ifMatch }),
      },
      ...(method === "PUT" && { body: "{}" }),
    });
  const first = await call("GET", "");
  const etag = first.headers.get("etag") ?? "";
  expect(await first.json()).toMatchObject({ etag: etag.slice(1, -1) });
  expect(etag).toMatch(/^"d\d+\.d\d+"$/);

  expect((await call("PUT", "/rules", `"other", ${etag}`)).status).toBe(200);
  const refused = await call("PUT", "/rules", etag);
  expect(refused.status).toBe(412);
  expect(await refused.json()).toMatchObject({
    code: Code.Aborted,
    details: [{ id: "LOCKOUTD-pol03" }],
  });
  expect((await call("DELETE", "/rules", etag)).status).toBe(412);
  expect(
    (await call("DELETE", `/rules?etag=${etag.slice(1, -1)}`)).status,
  ).toBe(409);
  expect((await call("DELETE", "/rules", "*")).status).toBe(200);
  expect((await call("GET", "")).headers.get("etag")).toBe(etag);
});

it("binary messages can carry what JSON cannot: it is refused by field too", async () => {
  const stage = await setStage(server);
  const { lockScope } = fromBinary(RulesSchema, Uint8Array.of(6 << 3, 7));
  const answer = await grpcDoor(stage).call(
    policies.setRules,
    {
      rules: {
        lockScope,
        observationWindow: { seconds: 1n, nanos: -1 },
        lockDuration: { seconds: 9_000_000_000_000_000_000n },
        lockGrowth: NaN,
      },
    },
    { token: stage.orgOwner },
  );
  expect(violatedFields(answer)).toEqual([
    "rules.lock_scope",
    "rules.lock_duration",
    "rules.lock_growth",
    "rules.observation_window",
  ]);
});
