import type { JsonObject } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PolicyService } from "../../gen/lockout/v1/policy_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { presetNames } from "../../src/lockout/budget/preset-table.ts";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf, violatedFields } from "./situation.ts";
import { setStage } from "./stage.ts";

// Guess budgets, and policies held against presets: `test/lockout` knows all that they say.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  const [door] = openAllDoors(server.url);
  await door?.call(
    AdminService.method.updateLockoutPolicy,
    { maxPasswordAttempts: 9, maxOtpAttempts: 8 },
    { token: server.adminToken },
  );
});
afterAll(() => server.close());

const policies = PolicyService.method;
const management = ManagementService.method;

const otherFactors = [
  "FACTOR_TOTP",
  "FACTOR_OTP_SMS",
  "FACTOR_OTP_EMAIL",
  "FACTOR_RECOVERY_CODE",
];
/** Of a policy without rules. */
function budgets(passwords: number, codes: number) {
  const budget = (factor: string, guesses: number) =>
    guesses === 0
      ? { factor, sixDigitOdds: 1, unlimited: true }
      : {
          factor,
          perDay: String(guesses),
          perYear: String(guesses),
          sixDigitOdds: expect.closeTo(guesses * 3e-6, 9) as number,
        };
  return [
    budget("FACTOR_PASSWORD", passwords),
    ...otherFactors.map((factor) => budget(factor, codes)),
  ];
}

interface Checked {
  readonly presets: readonly {
    readonly preset: string;
    readonly verdict: string;
    readonly requirements: readonly JsonObject[];
  }[];
  readonly budgets: readonly JsonObject[];
}

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    const open = () => openDoor(server.url, doorName);

    it("the policy that holds is held against every preset, or those that are named", async () => {
      const door = open();
      const { orgOwner } = await setStage(server);
      const headers = { token: orgOwner };
      await door.call(
        management.addCustomLockoutPolicy,
        { maxPasswordAttempts: 10, maxOtpAttempts: 5 },
        headers,
      );
      const all = messageOf(
        await door.call(policies.checkPolicy, {}, headers),
      ) as unknown as Checked;
      expect(all.presets.map(({ preset }) => preset)).toEqual(presetNames);
      expect(
        all.presets
          .filter(({ verdict }) => verdict === "VERDICT_MET")
          .map(({ preset }) => preset),
      ).toEqual([
        ...["nist-800-63b-4", "pci-dss-4.0.1", "owasp-asvs-4.0.3"],
        ...["uk-cyber-essentials", "nl-bio"],
      ]);
      expect(all.budgets).toEqual(budgets(10, 5));
      const psd2 = all.presets.find(({ preset }) => preset === "psd2-rts");
      expect(psd2).toMatchObject({
        source: "Delegated Regulation (EU) 2018/389, Article 4(3)(b) and 4(4)",
        edition: "27 November 2017",
        verdict: "VERDICT_MISSED",
      });
      expect(psd2?.requirements.slice(0, 4)).toEqual([
        {
          text: "Passwords: 1 to 5 failures lock",
          verdict: "VERDICT_MISSED",
          wouldMeet: "max_password_attempts: 5",
        },
        {
          text: "One-time codes: 1 to 5 failures lock",
          verdict: "VERDICT_MET",
        },
        {
          text: expect.stringContaining("warning") as string,
          verdict: "VERDICT_MISSED",
          wouldMeet: "rules.lock_duration: 900s",
        },
        {
          text: expect.stringContaining("user.lockout.warned") as string,
          verdict: "VERDICT_NOT_DECIDED",
        },
      ]);

      const some = messageOf(
        await door.call(
          policies.checkPolicy,
          { presets: ["nl-bio", "au-ism-1403", "nl-bio"] },
          headers,
        ),
      ) as unknown as Checked;
      expect(
        some.presets.map(({ preset, verdict }) => [preset, verdict]),
      ).toEqual([
        ["nl-bio", "VERDICT_MET"],
        ["au-ism-1403", "VERDICT_MISSED"],
      ]);
    });

    it("a candidate is checked instead, and nothing is changed", async () => {
      const door = open();
      const { orgOwner } = await setStage(server);
      const headers = { token: orgOwner };
      const before = messageOf(
        await door.call(policies.getPolicy, {}, headers),
      );
      const candidate = {
        maxPasswordAttempts: 10n,
        maxOtpAttempts: 10n,
        rules: { lockDuration: durationFromMs(15 * 60_000) },
      };
      const checked = messageOf(
        await door.call(
          policies.checkPolicy,
          { presets: ["pci-dss-4.0.1"], candidate },
          headers,
        ),
      ) as unknown as Checked;
      expect(
        checked.presets[0]?.requirements.flatMap(
          ({ wouldMeet = [] }) => wouldMeet,
        ),
      ).toEqual(["rules.lock_duration: 1800s"]);
      expect(checked.budgets[0]).toEqual({
        factor: "FACTOR_PASSWORD",
        perDay: "960",
        perYear: "350400",
        sixDigitOdds: expect.closeTo(0.6505, 4) as number,
      });
      // What is left out is 0, and not what holds.
      expect(
        messageOf(
          await door.call(policies.checkPolicy, { candidate: {} }, headers),
        ),
      ).toMatchObject({ budgets: budgets(0, 0) });
      expect(
        messageOf(await door.call(policies.getPolicy, {}, headers)),
      ).toEqual(before);
    });

    it("a candidate that could not be set is refused, by field", async () => {
      const door = open();
      const { orgOwner } = await setStage(server);
      const answer = await door.call(
        policies.checkPolicy,
        {
          candidate: {
            maxPasswordAttempts: 2n ** 32n,
            maxOtpAttempts: 7n,
            rules: { lockGrowth: 2, ceiling: 6, rememberedSecrets: 11 },
          },
        },
        { token: orgOwner },
      );
      expect(answer).toMatchObject({
        ok: false,
        code: Code.InvalidArgument,
        details: [{ id: "LOCKOUTD-pol01" }],
      });
      expect(violatedFields(answer)).toEqual([
        "candidate.max_password_attempts",
        "candidate.rules.lock_growth",
        "candidate.rules.ceiling",
        "candidate.rules.remembered_secrets",
      ]);
    });

    it("a preset that does not exist is refused, and those that do are named", async () => {
      const door = open();
      const { orgOwner } = await setStage(server);
      for (const name of ["pci-dss", "", "constructor", "toString"]) {
        const answer = await door.call(
          policies.checkPolicy,
          { presets: ["nl-bio", name] },
          { token: orgOwner },
        );
        expect(answer, name).toMatchObject({
          ...{ ok: false, code: Code.InvalidArgument },
          message: expect.stringContaining(presetNames.join(", ")) as string,
          details: [{ id: "LOCKOUTD-pol04" }],
        });
      }
    });

    it("names of presets are bounded, in number and in length", async () => {
      const door = open();
      const { orgOwner } = await setStage(server);
      for (const presets of [
        Array.from({ length: 101 }, () => "nl-bio"),
        ["x".repeat(201)],
      ]) {
        expect(
          await door.call(
            policies.checkPolicy,
            { presets },
            { token: orgOwner },
          ),
        ).toMatchObject({
          ...{ ok: false, code: Code.InvalidArgument },
          details: [{ id: "LOCKOUTD-req01" }],
        });
      }
    });

    it("the default policy is checked by callers on the instance", async () => {
      const door = open();
      const { orgOwner } = await setStage(server);
      const request = { presets: ["nl-bio"] };
      expect(
        messageOf(
          await door.call(policies.checkInstancePolicy, request, {
            token: server.adminToken,
          }),
        ),
      ).toMatchObject({
        presets: [{ preset: "nl-bio", verdict: "VERDICT_MET" }],
        budgets: budgets(9, 8),
      });
      expect(
        await door.call(policies.checkInstancePolicy, request, {
          token: orgOwner,
        }),
      ).toMatchObject({ ok: false, code: Code.PermissionDenied });
    });

    it("wherever a policy is shown, its guess budgets are", async () => {
      const door = open();
      const { orgOwner } = await setStage(server);
      const headers = { token: orgOwner };
      await door.call(
        management.addCustomLockoutPolicy,
        { maxPasswordAttempts: 3 },
        headers,
      );
      for (const answer of [
        await door.call(policies.getPolicy, {}, headers),
        await door.call(policies.setRules, { rules: {} }, headers),
        await door.call(policies.resetRules, {}, headers),
      ]) {
        expect(messageOf(answer)).toMatchObject({ budgets: budgets(3, 0) });
      }
    });
  },
);

it("JSON names presets in the query, or sends a candidate in the body", async () => {
  const { orgOwner } = await setStage(server);
  const headers = { authorization: `Bearer ${orgOwner}` };
  const url = `${server.url}/lockout/v1/policy:check`;
  const byQuery = await fetch(`${url}?presets=nl-bio&presets=psd2-rts`, {
    headers,
  });
  const { presets } = (await byQuery.json()) as Checked;
  expect(presets.map(({ preset }) => preset)).toEqual(["nl-bio", "psd2-rts"]);
  const byBody = await fetch(url, {
    method: "POST",
    headers,
    body: JSON.stringify({
      presets: ["stig-rhel-9"],
      candidate: { maxPasswordAttempts: 3, maxOtpAttempts: "3" },
    }),
  });
  expect(await byBody.json()).toMatchObject({
    presets: [{ preset: "stig-rhel-9", verdict: "VERDICT_MET" }],
  });
});
