import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  issuerOptions,
  readIssuers,
} from "../../src/cli/options/issuer-options.ts";
import type { IssuerFlags } from "../../src/cli/options/issuer-options.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";

let directory: TempDir;

beforeAll(async () => {
  directory = await makeTempDir();
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
  });
  const ed = generateKeyPairSync("ed25519").publicKey;
  const spki = { type: "spki", format: "pem" } as const;
  const write = (name: string, text: string | Buffer) => {
    writeFileSync(directory.file(name), text);
  };
  write("ops.pem", publicKey.export(spki));
  write("ed.pem", ed.export(spki));
  write("private.pem", privateKey.export({ type: "pkcs1", format: "pem" }));
});

afterAll(async () => {
  await directory.remove();
});

function read(...args: readonly string[]) {
  const command = new Command().exitOverride().configureOutput({
    writeErr: () => undefined,
  });
  for (const option of issuerOptions()) {
    command.addOption(option);
  }
  command.parse([...args], { from: "user" });
  return readIssuers(command.opts<IssuerFlags>());
}

test("an issuer outside has an audience, and a claim of roles as ZITADEL's", () => {
  expect(read()).toEqual({ oidc: undefined, systemUsers: [] });
  expect(
    read(
      ...["--oidc-issuer", "https://login.example.com/"],
      ...["--oidc-audience", "lockout"],
    ).oidc,
  ).toEqual({
    ...{ issuer: "https://login.example.com/", audience: "lockout" },
    rolesClaim: "urn:zitadel:iam:org:project:roles",
    allowPrivate: false,
  });
  const local = ["--oidc-issuer", "http://127.0.0.1:9", "--oidc-audience", "x"];
  expect(read(...local, "--oidc-allow-private").oidc).toMatchObject({
    issuer: "http://127.0.0.1:9",
    allowPrivate: true,
  });
  expect(() => read(...local)).toThrow(/--oidc-allow-private/);
  expect(() => read("--oidc-audience", "x")).toThrow(/needs both/);
  expect(() => read("--oidc-issuer", "https://x")).toThrow(/needs both/);
  for (const wrong of [
    ...["login.example.com", "ftp://x", "https://x?y", "https://x#y"],
    ...["https://user:secret@x", " https://x", "https://"],
  ]) {
    expect(() => read("--oidc-issuer", wrong), wrong).toThrow(/URL/);
  }
});

test("a system user has a name, a file and roles, and there may be several", () => {
  const file = directory.file("ops.pem");
  const { systemUsers } = read(
    ...["--system-user", `ops=${file}`],
    ...[
      "--system-user",
      `a=${file}:IAM_OWNER_VIEWER:ORG_OWNER,b=${file}:IAM_OWNER`,
    ],
  );
  expect(systemUsers.map(({ name, roles }) => [name, roles])).toEqual([
    ["ops", ["IAM_OWNER"]],
    ["a", ["IAM_OWNER_VIEWER", "ORG_OWNER"]],
    ["b", ["IAM_OWNER"]],
  ]);
  const rows: readonly (readonly [string, RegExp])[] = [
    ["ops", /Write a name/],
    [`=${file}`, /Write a name/],
    ["ops=", /Write a name/],
    [`SYSTEM=${file}`, /Write a name/],
    [`123456789012345678=${file}`, /Write a name/],
    [`ops=${file}:NOBODY`, /role NOBODY/],
    [`ops=${file},ops=${file}`, /ops twice/],
    [`ops=${directory.file("missing.pem")}`, /cannot be read/],
    [`ops=${directory.file("ed.pem")}`, /no PEM file with the public key/],
    [`ops=${directory.file("private.pem")}`, /no PEM file/],
  ];
  for (const [text, reason] of rows) {
    expect(() => read("--system-user", text), text).toThrow(reason);
  }
});
