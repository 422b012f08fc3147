import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import type { AccessTokenType } from "../../src/config.ts";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import type { Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { audience, basic, signInAt, tokenOf } from "../support/sign-in.ts";
import type { Program } from "../support/sign-in.ts";
import { messageOf } from "./situation.ts";

const access = AccessService.method;

/** How service accounts sign in: what each kind of client sends, what is refused, and what ends a token. */
export function describeSignIn(accessTokenType: AccessTokenType): void {
  let server: TestServer;
  let door: Door;
  /** Milliseconds of the clock by which wrong secrets are let go on again. */
  let stopwatch = 0;
  const programs = signInAt(() => server);
  const { post, makeProgram, assertionOf, byAssertion, byBasic } = programs;
  const { admin, statusOf } = programs;

  beforeAll(async () => {
    server = await startTestServer(
      { accessTokenType },
      { stopwatch: () => stopwatch },
    );
    const [first] = openAllDoors(server.url);
    if (first === undefined) {
      throw new Error("there is no protocol");
    }
    door = first;
  });

  afterAll(async () => {
    await server.close();
  });

  describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
    "by %s",
    (doorName) => {
      it("an access token calls as its account, whose name events have", async () => {
        const own = openDoor(server.url, doorName);
        const program = await makeProgram(["ORG_OWNER"]);
        const token = await tokenOf(byAssertion(assertionOf(program)));
        const policy = await own.call(
          ManagementService.method.getLockoutPolicy,
          {},
          { token },
        );
        expect(policy).toMatchObject({ ok: true });
        expect(
          messageOf(await own.call(access.getCaller, {}, { token })),
        ).toMatchObject({ id: program.userId, name: program.loginName });
        // Its roles are those of the account, and no more.
        expect(
          await own.call(AdminService.method.getLockoutPolicy, {}, { token }),
        ).toMatchObject({ ok: false, details: [{ id: "AUTH-5mWD2" }] });
      });
    },
  );

  describe("a token", () => {
    it("is given as clients ask for one: by an assertion, twice the same, and by Basic, raw or encoded, and in the body", async () => {
      const program = await makeProgram();
      const { loginName, secret } = program;
      const assertion = assertionOf(program);
      const first = await byAssertion(assertion);
      expect(first.status).toBe(200);
      expect(first.headers.get("cache-control")).toBe("no-store");
      expect(first.body).toMatchObject({
        token_type: "Bearer",
        scope: `openid ${audience}`,
      });
      expect(first.body["expires_in"]).toBeGreaterThanOrEqual(43_199);
      expect(first.body["expires_in"]).toBeLessThanOrEqual(43_200);
      const answers = [
        byAssertion(assertion),
        // Python's client.
        byAssertion(assertion, { client_id: "None" }),
        byBasic(program),
        post(
          "/oauth/v2/token",
          { grant_type: "client_credentials" },
          basic(
            loginName.replaceAll("-", "%2D"),
            secret.replaceAll(
              /^./g,
              (first) => `%${first.charCodeAt(0).toString(16)}`,
            ),
          ),
        ),
        post("/oauth/v2/token", {
          ...{ client_secret: secret, client_id: loginName },
          ...{ grant_type: "client_credentials", scope: "profile email x" },
        }),
      ];
      for (const answer of answers) {
        expect(await statusOf(await tokenOf(answer))).toBe(200);
      }
      expect((await answers[4])?.body).not.toHaveProperty("scope");
    });

    it("is refused to an unknown client, a wrong secret and none with one body, and a challenge", async () => {
      const { loginName, secret } = await makeProgram();
      const answers = await Promise.all([
        byBasic({ loginName: "nobody-at-all", secret }),
        byBasic({ loginName, secret: `${secret}x` }),
        byBasic({ loginName, secret: "" }),
        byBasic({ loginName: "x".repeat(2000), secret: "x".repeat(2000) }),
        post("/oauth/v2/token", { grant_type: "client_credentials" }),
      ]);
      for (const { status, headers, body } of answers) {
        expect(status).toBe(401);
        expect(headers.get("www-authenticate")).toMatch(/^Basic /);
        expect(body).toEqual(answers[0].body);
      }
      expect(answers[0].body).toMatchObject({ error: "invalid_client" });
    });

    it("ends at the next call with its account, its key, its secret and its time", async () => {
      const both = async (program: Program) => [
        await tokenOf(byAssertion(assertionOf(program))),
        await tokenOf(byBasic(program)),
      ];
      const change = async (...args: Parameters<Door["call"]>) => {
        expect(await door.call(...args)).toMatchObject({ ok: true });
      };
      const statuses = (tokens: readonly string[]) =>
        Promise.all(tokens.map(statusOf));
      const program = await makeProgram();
      const { userId, keyId } = program;
      const tokens = await both(program);
      expect(await statuses(tokens)).toEqual([200, 200]);
      const management = ManagementService.method;
      await change(management.lockUser, { id: userId }, admin());
      expect(await statuses(tokens)).toEqual([401, 401]);
      expect((await byBasic(program)).status).toBe(401);
      expect((await byAssertion(assertionOf(program))).status).toBe(400);
      await change(management.unlockUser, { id: userId }, admin());
      expect(await statuses(tokens)).toEqual([200, 200]);
      await change(management.deactivateUser, { id: userId }, admin());
      expect(await statuses(tokens)).toEqual([401, 401]);
      await change(management.reactivateUser, { id: userId }, admin());
      await change(
        access.updateServiceAccount,
        { userId, roles: ["IAM_USER_MANAGER"] },
        admin(),
      );
      expect(await statuses(tokens)).toEqual([403, 403]);
      await change(
        access.updateServiceAccount,
        { userId, roles: ["IAM_OWNER"] },
        admin(),
      );
      await change(access.removeKey, { userId, keyId }, admin());
      expect(await statuses(tokens)).toEqual([401, 200]);
      // A new secret ends nothing, no secret all that was got by one.
      await change(access.setSecret, { userId }, admin());
      expect(await statuses(tokens)).toEqual([401, 200]);
      await change(access.removeSecret, { userId }, admin());
      expect(await statuses(tokens)).toEqual([401, 401]);
      await change(access.setSecret, { userId }, admin());
      expect(await statuses(tokens)).toEqual([401, 401]);

      const another = await makeProgram();
      const more = await both(another);
      await change(
        access.deleteServiceAccount,
        { userId: another.userId },
        admin(),
      );
      expect(await statuses(more)).toEqual([401, 401]);
      expect((await byAssertion(assertionOf(another))).body).toMatchObject({
        error: "invalid_grant",
      });

      const last = await makeProgram();
      const token = await tokenOf(byBasic(last));
      server.advance(12 * 3_600_000 - 60_000);
      expect(await statusOf(token)).toBe(200);
      server.advance(60_000);
      expect(await statusOf(token)).toBe(401);
    });

    it("that was changed in any place is none", async () => {
      const token = await tokenOf(byBasic(await makeProgram()));
      for (let at = 0; at < token.length; at += 17) {
        const other = token[at] === "A" ? "B" : "A";
        const damaged = token.slice(0, at) + other + token.slice(at + 1);
        expect(await statusOf(damaged)).toBe(401);
      }
      expect(await statusOf(token.slice(0, -8))).toBe(401);
      expect(await statusOf(`${token}${"A".repeat(5000)}`)).toBe(401);
    });
  });

  describe("introspection and revocation", () => {
    const introspect = (token: string, headers: Record<string, string>) =>
      post("/oauth/v2/introspect", { token }, headers);

    it("tell of tokens that are good, by Basic or an assertion, and of no others", async () => {
      const program = await makeProgram(["ORG_OWNER"]);
      const own = basic(program.loginName, program.secret);
      const token = await tokenOf(byAssertion(assertionOf(program)));
      const { body } = await introspect(token, own);
      expect(body).toMatchObject({
        ...{ active: true, sub: program.userId, client_id: program.loginName },
        ...{ username: program.loginName, iss: server.url, aud: [server.url] },
        ...{ scope: `openid ${audience}`, token_type: "Bearer" },
        iat: expect.any(Number) as number,
        exp: expect.any(Number) as number,
      });
      const asserted = await post("/oauth/v2/introspect", {
        token,
        client_assertion: assertionOf(program),
        client_assertion_type:
          "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      });
      expect(asserted.body).toEqual(body);
      // A personal token of the same organisation.
      const personal = await introspect(server.adminToken, own);
      expect(personal.body).toMatchObject({ active: true });
      const { token: itsOwn } = messageOf(
        await door.call(
          ManagementService.method.addPersonalAccessToken,
          { userId: program.userId },
          admin(),
        ),
      ) as { token: string };
      expect((await introspect(itsOwn, own)).body).toEqual({
        ...{ ...body, exp: undefined, scope: "" },
        iat: expect.any(Number) as number,
      });
      for (const wrong of ["nothing", `${token}x`]) {
        expect((await introspect(wrong, own)).body).toEqual({ active: false });
      }
      expect((await introspect(token, {})).status).toBe(401);
      expect((await introspect(token, basic("nobody", "x"))).status).toBe(401);
      expect((await post("/oauth/v2/introspect", {}, own)).status).toBe(400);
    });

    it("tell of tokens of other organisations to accounts with an IAM_ role alone", async () => {
      const { organizationId } = messageOf(
        await door.call(access.createOrganization, { name: "other" }, admin()),
      ) as { organizationId: string };
      const stranger = await makeProgram(["ORG_OWNER"], organizationId);
      const viewer = await makeProgram(["IAM_OWNER_VIEWER"], organizationId);
      const token = await tokenOf(byBasic(await makeProgram()));
      const seen = async ({ loginName, secret }: Program) =>
        (await introspect(token, basic(loginName, secret))).body["active"];
      expect(await seen(stranger)).toBe(false);
      expect(await seen(viewer)).toBe(true);
    });

    it("end a token at once, where it is the account's own, or the account has iam.access.write", async () => {
      const program = await makeProgram(["ORG_OWNER"]);
      const stranger = await makeProgram(["ORG_OWNER"]);
      const owner = await makeProgram(["IAM_OWNER"]);
      const own = basic(program.loginName, program.secret);
      const get = () => tokenOf(byBasic(program));
      const isActive = async (token: string) =>
        (await introspect(token, own)).body["active"];
      const revoke = (token: string, by: Program) =>
        post("/oauth/v2/revoke", { token }, basic(by.loginName, by.secret));
      const [one, two, three] = [await get(), await get(), await get()];
      expect((await revoke(one, stranger)).status).toBe(200);
      expect(await isActive(one)).toBe(true);
      expect((await revoke(one, program)).status).toBe(200);
      expect((await revoke(one, program)).status).toBe(200);
      expect(await isActive(one)).toBe(false);
      expect((await revoke(two, owner)).status).toBe(200);
      expect(await isActive(two)).toBe(false);
      expect(await isActive(three)).toBe(true);
      expect((await revoke("nothing", program)).status).toBe(200);
      expect((await post("/oauth/v2/revoke", { token: three })).status).toBe(
        401,
      );
      expect(await isActive(three)).toBe(true);
    });

    it("end a personal token alike, with its event", async () => {
      const program = await makeProgram(["ORG_OWNER"]);
      const stranger = await makeProgram(["ORG_OWNER"]);
      const owner = await makeProgram(["IAM_OWNER"]);
      const { userId } = program;
      const get = async () =>
        messageOf(
          await door.call(
            ManagementService.method.addPersonalAccessToken,
            { userId },
            admin(),
          ),
        ) as { token: string; tokenId: string };
      const isActive = async (token: string) =>
        (await introspect(token, basic(program.loginName, program.secret)))
          .body["active"];
      const revoke = async (token: string, by: Program) =>
        (
          await post(
            "/oauth/v2/revoke",
            { token },
            basic(by.loginName, by.secret),
          )
        ).status;
      const [one, two] = [await get(), await get()];
      const { secret: standalone } = messageOf(
        await door.call(
          access.createToken,
          { roles: ["ORG_OWNER"], organizationId: server.firstOrgId },
          admin(),
        ),
      ) as { secret: string };
      for (const token of [one.token, standalone]) {
        expect(await revoke(token, stranger)).toBe(200);
        expect(await isActive(token)).toBe(true);
      }
      expect(await revoke(one.token, program)).toBe(200);
      expect(await revoke(one.token, program)).toBe(200);
      expect(await isActive(one.token)).toBe(false);
      expect(await isActive(two.token)).toBe(true);
      expect(await revoke(two.token, owner)).toBe(200);
      expect(await revoke(standalone, owner)).toBe(200);
      expect(await isActive(two.token)).toBe(false);
      expect(await isActive(standalone)).toBe(false);
      const { events } = messageOf(
        await door.call(
          AdminService.method.listEvents,
          { aggregateId: userId, eventTypes: ["user.pat.removed"] },
          admin(),
        ),
      ) as { events: object };
      expect(events).toMatchObject([
        {
          editor: { userId: owner.userId },
          payload: { tokenId: two.tokenId },
        },
        {
          editor: { userId },
          payload: { tokenId: one.tokenId },
        },
      ]);
    });

    it("userinfo tells an access token's account who it is", async () => {
      const program = await makeProgram([]);
      const token = await tokenOf(byBasic(program));
      const ask = (bearer: string) =>
        fetch(`${server.url}/oidc/v1/userinfo`, {
          headers: { authorization: `Bearer ${bearer}` },
        });
      expect(await (await ask(token)).json()).toEqual({
        ...{ sub: program.userId, name: program.loginName },
        preferred_username: program.loginName,
      });
      expect((await ask(server.adminToken)).status).toBe(401);
      expect((await ask("nothing")).status).toBe(401);
    });
  });

  describe("wrong secrets", () => {
    it("are not compared any more after a hundred in a row, however many come at once, and again after a minute", async () => {
      const program = await makeProgram();
      const wrong = () => byBasic({ ...program, secret: "x".repeat(64) });
      const answers = await Promise.all(Array.from({ length: 300 }, wrong));
      expect(new Set(answers.map(({ status }) => status))).toEqual(
        new Set([401]),
      );
      // The right one is not compared either, with the same response.
      const right = await byBasic(program);
      expect(right.status).toBe(401);
      expect(right.body).toEqual(answers[0]?.body);
      const introspected = await post(
        "/oauth/v2/introspect",
        { token: "x" },
        basic(program.loginName, program.secret),
      );
      expect(introspected.status).toBe(401);
      // Keys go on.
      await tokenOf(byAssertion(assertionOf(program)));
      stopwatch += 60_000;
      await tokenOf(byBasic(program));

      await expect
        .poll(async () => {
          const { events = [] } = messageOf(
            await door.call(
              AdminService.method.listEvents,
              { aggregateId: program.userId, limit: 100, asc: true },
              admin(),
            ),
          ) as {
            events?: readonly {
              readonly type: { readonly type: string };
              readonly payload?: Readonly<Record<string, unknown>>;
            }[];
          };
          const checks = events.filter(({ type }) =>
            type.type.includes("secret.check"),
          );
          const failed = checks.filter(({ type }) =>
            type.type.endsWith("failed"),
          );
          return {
            failed: failed.reduce(
              (sum, { payload }) => sum + Number(payload?.["failedAttempts"]),
              0,
            ),
            last: checks.at(-1)?.type.type,
            isShort: failed.length < 10,
          };
        })
        .toEqual({
          failed: 100,
          last: "user.machine.secret.check.succeeded",
          isShort: true,
        });
    });
  });

  describe("discovery", () => {
    const discover = async (headers: Record<string, string> = {}) =>
      (await (
        await fetch(`${server.url}/.well-known/openid-configuration`, {
          headers,
        })
      ).json()) as Record<string, unknown>;

    it("names what is served under the host that the client wrote", async () => {
      const document = await discover();
      expect(document).toMatchObject({
        issuer: server.url,
        token_endpoint: `${server.url}/oauth/v2/token`,
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
      });
      for (const name of [
        "authorization_endpoint",
        "end_session_endpoint",
        "device_authorization_endpoint",
      ]) {
        const response = await fetch(String(document[name]));
        expect(response.status).toBe(400);
        expect(await response.json()).toMatchObject({
          error: "unsupported_response_type",
        });
      }
      const keys = await fetch(String(document["jwks_uri"]));
      const { keys: found } = (await keys.json()) as { keys: unknown[] };
      // The next one is made when it is due.
      expect(found).toHaveLength(accessTokenType === "jwt" ? 1 : 0);
      expect(keys.headers.get("cache-control")).toBe(
        "max-age=300, must-revalidate",
      );
    });
  });
}
