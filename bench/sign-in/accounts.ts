import { createPrivateKey, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { LockoutdServer } from "../support/lockoutd-server.ts";

/** A service account with a key and a secret. */
export interface BenchAccount {
  readonly id: string;
  readonly loginName: string;
  readonly secret: string;
  readonly keyId: string;
  readonly key: KeyObject;
}

/** Makes a service account. */
export async function makeAccount(
  server: LockoutdServer,
  loginName: string,
): Promise<BenchAccount> {
  const path = "/lockout/v1/serviceAccounts";
  const { userId } = await callServer(server, path, {
    ...{ loginName, roles: ["IAM_OWNER"] },
  });
  const id = String(userId);
  const { keyFile } = await callServer(server, `${path}/${id}/keys`, {});
  const { clientSecret } = await callServer(
    server,
    `${path}/${id}:setSecret`,
    {},
  );
  const { keyId, key } = JSON.parse(String(keyFile)) as {
    readonly keyId: string;
    readonly key: string;
  };
  return {
    ...{ id, loginName, keyId, key: createPrivateKey(key) },
    secret: String(clientSecret),
  };
}

/** Calls the server as its administrator. @throws Error where that is refused */
export async function callServer(
  { url, token }: LockoutdServer,
  path: string,
  body: object,
): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(text);
  }
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}

/** An assertion by RS256, as zitadel-go makes one. @param at in seconds since 1970 UTC */
export function assertionOf(
  { id, keyId, key }: BenchAccount,
  issuer: string,
  at: number,
): string {
  const encode = (value: object) =>
    Buffer.from(JSON.stringify(value)).toString("base64url");
  const input = `${encode({ alg: "RS256", kid: keyId })}.${encode({
    ...{ iss: id, sub: id, aud: [issuer], iat: at, exp: at + 3600 },
  })}`;
  const signature = sign("sha256", Buffer.from(input), key);
  return `${input}.${signature.toString("base64url")}`;
}
