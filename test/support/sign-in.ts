import { createPrivateKey, sign } from "node:crypto";
import { expect } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { messageOf } from "../cases/situation.ts";
import { openAllDoors } from "./protocol-variants.ts";
import type { Door } from "./protocol-variants.ts";
import type { TestServer } from "./server.ts";

// Service accounts of a test, and how they sign in.

/** The grant by an assertion. */
export const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/** The scope of ZITADEL's API. */
export const audience = "urn:zitadel:iam:org:project:id:zitadel:aud";

/** A key file, as it is written for clients. */
export interface KeyFile {
  readonly keyId: string;
  readonly key: string;
  readonly userId: string;
}

/** A service account with a key and a secret. */
export interface Program extends KeyFile {
  readonly loginName: string;
  readonly secret: string;
}

/** What of an assertion is otherwise than it should be. */
export interface AssertionParts {
  readonly header?: object;
  readonly claims?: object;
  readonly signed?: (input: Buffer) => Buffer;
}

/** A response of an endpoint. */
export interface Posted {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Posts a form. */
export async function postForm(
  url: string,
  fields: Readonly<Record<string, string>> | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Posted> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      ...headers,
    },
    body:
      typeof fields === "string"
        ? fields
        : new URLSearchParams(fields).toString(),
  });
  const body = (await response.json()) as Readonly<Record<string, unknown>>;
  return { status: response.status, headers: response.headers, body };
}

/** A part of a JWT. */
export const base64url = (value: unknown) =>
  Buffer.from(JSON.stringify(value)).toString("base64url");

/** The header of Basic. */
export const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
});

/** The token in a response. */
export async function tokenOf(answer: Promise<Posted>): Promise<string> {
  const { status, body } = await answer;
  expect(body).toMatchObject({ token_type: "Bearer" });
  expect(status).toBe(200);
  return String(body["access_token"]);
}

/** The status of a call that asks for `iam.policy.read`. */
export async function statusOf(url: string, token: string): Promise<number> {
  const response = await fetch(`${url}/admin/v1/policies/lockout`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await response.body?.cancel();
  return response.status;
}

/** What accounts do at a server. */
export function signInAt(
  server: () => Pick<TestServer, "url" | "adminToken" | "now">,
) {
  const access = AccessService.method;
  let names = 0;
  const seconds = () => Math.floor(server().now() / 1000);
  const post = (path: string, ...rest: Tail<Parameters<typeof postForm>>) =>
    postForm(`${server().url}${path}`, ...rest);
  const makeProgram = async (
    roles: readonly string[] = ["IAM_OWNER"],
    organizationId = "",
  ): Promise<Program> => {
    const [door] = openAllDoors(server().url);
    if (door === undefined) {
      throw new Error("there is no protocol");
    }
    names += 1;
    const loginName = `program-${names}`;
    const admin = { token: server().adminToken };
    const call = async (...args: Parameters<Door["call"]>) =>
      messageOf(await door.call(...args)) as Record<string, unknown>;
    const { userId } = (await call(
      access.createServiceAccount,
      { loginName, roles: [...roles], organizationId },
      admin,
    )) as { userId: string };
    const { keyFile } = await call(access.addKey, { userId }, admin);
    const { clientSecret } = await call(access.setSecret, { userId }, admin);
    return {
      ...(JSON.parse(String(keyFile)) as KeyFile),
      loginName,
      secret: String(clientSecret),
    };
  };
  /** As zitadel-go makes one, but for what is said otherwise. */
  const assertionOf = (
    { keyId, key, userId }: KeyFile,
    { header, claims, signed }: AssertionParts = {},
  ): string => {
    const head = base64url({ alg: "RS256", kid: keyId, ...header });
    const body = base64url({
      ...{ iss: userId, sub: userId, aud: [server().url] },
      ...{ iat: seconds(), exp: seconds() + 3600, ...claims },
    });
    const input = Buffer.from(`${head}.${body}`);
    const signature =
      signed?.(input) ?? sign("sha256", input, createPrivateKey(key));
    return `${head}.${body}.${signature.toString("base64url")}`;
  };
  const byAssertion = (assertion: string, more: Record<string, string> = {}) =>
    post("/oauth/v2/token", {
      ...{ grant_type: jwtBearer, assertion, scope: `openid ${audience}` },
      ...more,
    });
  const byBasic = ({
    loginName,
    secret,
  }: Pick<Program, "loginName" | "secret">) =>
    post(
      "/oauth/v2/token",
      { grant_type: "client_credentials", scope: `openid ${audience}` },
      basic(loginName, secret),
    );
  return {
    ...{ post, makeProgram, assertionOf, byAssertion, byBasic, seconds },
    admin: () => ({ token: server().adminToken }),
    statusOf: (token: string) => statusOf(server().url, token),
  };
}

type Tail<List extends readonly unknown[]> = List extends readonly [
  unknown,
  ...infer Rest,
]
  ? Rest
  : never;
