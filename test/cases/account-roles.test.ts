import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

it("a stream of events ends where its account has other roles", async () => {
  const transport = createGrpcTransport({ baseUrl: server.url });
  const access = createClient(AccessService, transport);
  const users = createClient(UserService, transport);
  const admin = { headers: { authorization: `Bearer ${server.adminToken}` } };
  const { userId } = await access.createServiceAccount(
    { loginName: "watcher", roles: ["ORG_OWNER"] },
    admin,
  );
  const secret = await access.setSecret({ userId }, admin);
  const signedIn = await fetch(`${server.url}/oauth/v2/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: secret.clientId,
      client_secret: secret.clientSecret,
    }),
  });
  const { access_token: token } = (await signedIn.json()) as {
    readonly access_token: string;
  };
  const watched = await fetch(`${server.url}/lockout/v1/events:watch`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(watched.status).toBe(200);
  const all = watched.text();
  await access.updateServiceAccount(
    { userId, roles: ["ORG_SETTINGS_MANAGER"] },
    admin,
  );
  await users.putUser({ userId: "unseen" }, admin);
  expect(await all).not.toContain("unseen");
});
