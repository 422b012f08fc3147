import { readFileSync } from "node:fs";
import { InvalidArgumentError, Option } from "commander";
import { readPublicKey } from "../../auth/account-keys.ts";
import { isRole } from "../../auth/roles.ts";
import { zitadelRolesClaim } from "../../auth/roles-claim.ts";
import { defaultConfig } from "../../config.ts";
import type { SignInConfig } from "../../config.ts";
import { UsageError } from "../terminal/failure.ts";
import { parseBoolean } from "./values.ts";

/** The options as a command line was read into them. */
export interface IssuerFlags {
  readonly oidcIssuer?: string;
  readonly oidcAudience?: string;
  readonly oidcRolesClaim: string;
  readonly oidcAllowPrivate: boolean;
  readonly systemUser: readonly SystemUserFlag[];
}

interface SystemUserFlag {
  readonly name: string;
  readonly file: string;
  readonly roles: readonly string[];
}

/** What names a system user may have: none that another caller could have, such as the id of an account. */
const systemUserName = /^[A-Za-z][A-Za-z0-9._-]{0,99}$/;

/** The caller of commands on the database, which no token has. */
const reservedName = "SYSTEM";

const defaultRoles = ["IAM_OWNER"];

/** The flags of callers that are not stored here, as groups of their own in the help. */
export function issuerOptions(): readonly Option[] {
  const outside = [
    new Option(
      "--oidc-issuer <url>",
      "an issuer of tokens outside, whose JWTs call here with the roles that they have",
    )
      .env("LOCKOUTD_OIDC_ISSUER")
      .argParser(parseIssuer),
    new Option(
      "--oidc-audience <audience>",
      "what a token of that issuer must have as its audience",
    ).env("LOCKOUTD_OIDC_AUDIENCE"),
    new Option(
      "--oidc-roles-claim <name>",
      "the claim with the roles: an object of role and organisations, or a list of roles named IAM_",
    )
      .env("LOCKOUTD_OIDC_ROLES_CLAIM")
      .default(zitadelRolesClaim),
    new Option(
      "--oidc-allow-private [true|false]",
      "allow an issuer on this machine or in a private network, and one without TLS",
    )
      .env("LOCKOUTD_OIDC_ALLOW_PRIVATE")
      .preset("true")
      .default(false)
      .argParser(parseBoolean),
  ].map((option) => option.helpGroup("Tokens of an issuer outside:"));
  const systemUsers = new Option(
    "--system-user <name=file[:role...]>",
    "somebody who signs tokens with an RSA key, the file with its public part, and the roles, IAM_OWNER unless there are any; again for more, or separated by commas",
  )
    .env("LOCKOUTD_SYSTEM_USER")
    .default(defaultConfig.systemUsers, "none")
    .argParser(addSystemUsers)
    .helpGroup("System users:");
  return [...outside, systemUsers];
}

/** What these options say. @throws UsageError */
export function readIssuers({
  oidcIssuer: issuer,
  oidcAudience: audience,
  oidcRolesClaim: rolesClaim,
  oidcAllowPrivate: allowPrivate,
  systemUser,
}: IssuerFlags): Pick<SignInConfig, "oidc" | "systemUsers"> {
  if ((issuer === undefined) !== (audience === undefined)) {
    throw new UsageError(
      "an issuer outside needs both: give --oidc-issuer and --oidc-audience",
    );
  }
  if (issuer?.startsWith("http:") === true && !allowPrivate) {
    throw new UsageError(
      "--oidc-issuer must begin with https://, unless --oidc-allow-private is given",
    );
  }
  const names = systemUser.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) {
    throw new UsageError(`--system-user names ${twice} twice`);
  }
  return {
    oidc:
      issuer === undefined || audience === undefined
        ? undefined
        : { issuer, audience, rolesClaim, allowPrivate },
    systemUsers: systemUser.map(({ name, file, roles }) => ({
      ...{ name, roles },
      publicKey: readKeyFile(file),
    })),
  };
}

/** An issuer as it is written: tokens have it byte for byte. @throws InvalidArgumentError */
function parseIssuer(text: string): string {
  const url = URL.parse(text);
  const isRight =
    url !== null &&
    /^https?:\/\/[\x21-\x7e]+$/.test(text) &&
    url.search === "" &&
    url.hash === "" &&
    url.username === "" &&
    url.password === "";
  if (!isRight) {
    throw new InvalidArgumentError(
      "Write the URL of the issuer as its tokens have it, such as https://login.example.com.",
    );
  }
  return text;
}

function addSystemUsers(
  text: string,
  before: readonly SystemUserFlag[],
): readonly SystemUserFlag[] {
  return [...before, ...text.split(",").map(parseSystemUser)];
}

function parseSystemUser(text: string): SystemUserFlag {
  const equals = text.indexOf("=");
  const name = text.slice(0, Math.max(equals, 0)).trim();
  const [file = "", ...roles] = text.slice(equals + 1).split(":");
  if (!systemUserName.test(name) || name === reservedName || file === "") {
    throw new InvalidArgumentError(
      "Write a name, the file of its public key, and roles, such as ops=/keys/ops.pem:IAM_OWNER_VIEWER.",
    );
  }
  const unknown = roles.find((role) => !isRole(role));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`The role ${unknown} does not exist.`);
  }
  return { name, file, roles: roles.length === 0 ? defaultRoles : roles };
}

/** Longer files are not read: whatever they are, they are no public key. */
const maxKeyBytes = 16 * 1024;

function readKeyFile(file: string): Uint8Array {
  let pem: Buffer;
  try {
    pem = readFileSync(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `the public key ${file} cannot be read (${reason}): check the path and who may read it`,
    );
  }
  const key = pem.length > maxKeyBytes ? undefined : readPublicKey(pem);
  if (key?.algorithm !== "RSA") {
    throw new UsageError(
      `${file} is no PEM file with the public key of RSA with 2048 to 4096 bits: make one by \`openssl rsa -pubout\``,
    );
  }
  return key.publicKey;
}
