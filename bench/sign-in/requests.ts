import type { LockoutdServer } from "../support/lockoutd-server.ts";
import { assertionOf } from "./accounts.ts";
import type { BenchAccount } from "./accounts.ts";
import { encodeRequest, RawConnection } from "./http-load.ts";
import type { RawRequest } from "./http-load.ts";

const form = { "content-type": "application/x-www-form-urlencoded" };
const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** The bytes of a request to a server. */
export function encodeFor(server: LockoutdServer, request: RawRequest): Buffer {
  return encodeRequest(new URL(server.url).host, request);
}

/** The bytes of a request with a form. */
export function postForm(
  server: LockoutdServer,
  path: string,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Buffer {
  const body = new URLSearchParams(fields).toString();
  return encodeFor(server, {
    ...{ method: "POST", path, body, headers: { ...form, ...headers } },
  });
}

/** The header field by which a client shows its secret. */
export function basic(
  id: string,
  secret: string,
): Readonly<Record<string, string>> {
  const encoded = Buffer.from(`${id}:${secret}`).toString("base64");
  return { authorization: `Basic ${encoded}` };
}

/** Assertions of different seconds: each is verified, though the server would take one of them any number of times. */
export function assertionRequests(
  server: LockoutdServer,
  account: BenchAccount,
): readonly Buffer[] {
  const now = Math.floor(Date.now() / 1000);
  return Array.from({ length: 500 }, (_each, before) =>
    postForm(server, "/oauth/v2/token", {
      grant_type: jwtBearer,
      assertion: assertionOf(account, server.url, now - before),
      scope: "openid urn:zitadel:iam:org:project:id:zitadel:aud",
    }),
  );
}

/** An access token that the server gives. */
export async function readToken(
  server: LockoutdServer,
  account: BenchAccount,
): Promise<string> {
  const connection = await RawConnection.open(server.port);
  const [request] = assertionRequests(server, account);
  const { body } = await connection.send(request ?? Buffer.alloc(0));
  connection.close();
  const { access_token: token } = JSON.parse(body) as { access_token: string };
  return token;
}
