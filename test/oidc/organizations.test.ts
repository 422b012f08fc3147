import type { DescMethodUnary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, it } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { AuthService } from "../../gen/zitadel/auth_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { OrganizationService } from "../../gen/zitadel/org/v2/org_service_pb.js";
import { UserService as UserServiceV2 } from "../../gen/zitadel/user/v2/user_service_pb.js";
import { messageOf } from "../cases/situation.ts";
import { openDoor } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { basic, signInAt } from "../support/sign-in.ts";
import {
  apiAudience,
  makeIssuerKey,
  providerOf,
  providerToken,
  startWeb,
} from "./issuer.ts";
import type { TestWeb } from "./issuer.ts";

// Callers who have roles in several organisations: their tokens say so.

const rolesClaim = "urn:zitadel:iam:org:project:roles";

let web: TestWeb;
let server: TestServer;
let roles: unknown;

beforeAll(async () => {
  web = await startWeb();
  await web.serve(
    providerOf(web.url, [makeIssuerKey()], () => ({ [rolesClaim]: roles })),
  );
  server = await startTestServer({
    oidc: {
      ...{ issuer: web.url, audience: apiAudience },
      ...{ rolesClaim, allowPrivate: true },
    },
  });
});

it("a token of the issuer is none of this server's to introspect or revoke: it is told of as an unknown one, and goes on", async () => {
  roles = { IAM_OWNER: {} };
  const token = await providerToken(web.url);
  const { post, makeProgram, statusOf } = signInAt(() => server);
  const { loginName, secret } = await makeProgram();
  const ask = (path: string) => post(path, { token }, basic(loginName, secret));
  expect(await statusOf(token)).toBe(200);
  expect((await ask("/oauth/v2/introspect")).body).toEqual({ active: false });
  expect(await ask("/oauth/v2/revoke")).toMatchObject({
    status: 200,
    body: {},
  });
  expect(await statusOf(token)).toBe(200);
});

afterAll(async () => {
  await server.close();
  await web.close();
});

it("a caller finds in all of the organisations where it has roles, and in no other", async () => {
  const door = openDoor(server.url, "Connect JSON");
  const root = { token: server.adminToken };
  const { createOrganization, getCaller } = AccessService.method;
  const orgs: string[] = [];
  for (const name of ["red", "green", "blue", "grey"]) {
    const made = await door.call(createOrganization, { name }, root);
    orgs.push((messageOf(made) as { organizationId: string }).organizationId);
  }
  const [red = "", green = "", blue = "", grey = ""] = orgs;
  const users = [
    ...[
      [red, "ann"],
      [red, "bob"],
      [green, "ann"],
      [blue, "cid"],
      [grey, "dan"],
    ],
  ] as const;
  for (const [orgId, userId] of users) {
    await door.call(
      UserService.method.putUser,
      { userId, aliases: [`${userId}@${orgId}.example`] },
      { ...root, orgId },
    );
  }
  // Not in the order of their age; one that is not there; and where it may not see users.
  roles = {
    ORG_OWNER: { "404": "x", [green]: "x", [red]: "x" },
    ORG_SETTINGS_MANAGER: { [blue]: "x" },
  };
  const token = await providerToken(web.url);
  const call = async (method: DescMethodUnary, request = {}, orgId = "") => {
    const headers = { token, ...(orgId !== "" && { orgId }) };
    const answer = await door.call(method, request, headers);
    return messageOf(answer) as Record<string, unknown>;
  };
  const list = async (method: DescMethodUnary, request = {}, orgId = "") => {
    const { details, result = [] } = await call(method, request, orgId);
    const { totalResult = "0" } = details as { totalResult?: string };
    return [totalResult, result];
  };
  const named = (ids: readonly string[]) =>
    ids.map((id) => expect.objectContaining({ id }) as unknown);
  expect(await list(OrganizationService.method.listOrganizations)).toEqual([
    "3",
    named([red, green, blue]),
  ]);
  const { getOrgByDomainGlobal } = ManagementService.method;
  const domain = "green.127.0.0.1";
  expect(await call(getOrgByDomainGlobal, { domain })).toMatchObject({
    org: { id: green },
  });
  const owner = ["ORG_OWNER"];
  const membership = (orgId: string, roles: readonly string[]) =>
    expect.objectContaining({ orgId, roles }) as unknown;
  expect(await list(AuthService.method.listMyMemberships)).toEqual([
    "3",
    [
      ...[membership(red, owner), membership(green, owner)],
      membership(blue, ["ORG_SETTINGS_MANAGER"]),
    ],
  ]);
  const { listUsers, getUserByID, lockUser } = UserServiceV2.method;
  const userOf = (resourceOwner: string, userId: string) =>
    expect.objectContaining({
      userId,
      details: expect.objectContaining({ resourceOwner }) as unknown,
    }) as unknown;
  expect(await list(listUsers)).toEqual([
    "3",
    [userOf(red, "ann"), userOf(red, "bob"), userOf(green, "ann")],
  ]);
  expect(await list(listUsers, {}, green)).toEqual([
    "1",
    [userOf(green, "ann")],
  ]);
  expect(
    await list(listUsers, {
      queries: [
        {
          query: {
            case: "inUserIdsQuery",
            value: { userIds: ["ann", "cid", "dan"] },
          },
        },
      ],
    }),
  ).toEqual(["2", [userOf(red, "ann"), userOf(green, "ann")]]);
  expect(
    await call(ManagementService.method.getUserByLoginNameGlobal, {
      loginName: `ann@${green}.example`,
    }),
  ).toMatchObject({ user: { details: { resourceOwner: green } } });
  // The one user of an id among them; of two, the call has to say which.
  expect(await call(getUserByID, { userId: "bob" })).toMatchObject({
    user: { details: { resourceOwner: red } },
  });
  const ann = { userId: "ann" };
  expect(await call(lockUser, ann, green)).toMatchObject({
    details: { resourceOwner: green },
  });
  const ambiguous = { details: [{ id: "LOCKOUTD-usr06" }] };
  const which = [
    await door.call(getUserByID, ann, { token }),
    await door.call(lockUser, ann, { token }),
  ];
  expect(which).toMatchObject([ambiguous, ambiguous]);
  for (const userId of ["cid", "dan"]) {
    expect(await door.call(getUserByID, { userId }, { token })).toMatchObject({
      ok: false,
      code: Code.NotFound,
    });
  }
  // Its own is the oldest of them that is there.
  expect(await call(getCaller)).toMatchObject({
    organizationId: red,
    roles: ["ORG_OWNER", "ORG_SETTINGS_MANAGER"],
  });
});
