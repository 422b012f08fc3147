import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AdminService } from "../../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../../gen/zitadel/management_pb.js";
import type { Stage } from "../../cases/situation.ts";
import { setStage } from "../../cases/stage.ts";
import { startTestServer } from "../../support/server.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import type { TempDir } from "../../support/temp-dir.ts";
import { findProgram, saySkipped } from "../support/find-program.ts";
import { runProgram } from "../support/run-program.ts";
import type { Outcome } from "../support/run-program.ts";
import { installGoProgram } from "../support/tool-cache.ts";
import type { Tool } from "../support/tool-cache.ts";

const terraform = findProgram("terraform");
const provider = await findProvider();
if (provider.path === undefined) {
  saySkipped("terraform-provider-zitadel", provider.missing);
}

/**
 * The provider that LOCKOUTD_TERRAFORM_PROVIDER names (the path of the program terraform-provider-zitadel), else one
 * built from its Go module.
 */
async function findProvider(): Promise<Tool> {
  if (terraform === undefined) {
    return { path: undefined, missing: "there is no terraform on the PATH" };
  }
  const named = process.env["LOCKOUTD_TERRAFORM_PROVIDER"];
  if (named === undefined || named === "") {
    return installGoProgram(
      "github.com/zitadel/terraform-provider-zitadel/v2",
      "a9234930",
    );
  }
  if (existsSync(named)) {
    return { path: named };
  }
  return {
    path: undefined,
    missing: `LOCKOUTD_TERRAFORM_PROVIDER names ${named}, which is not there`,
  };
}

const configuration = `
terraform {
  required_providers {
    zitadel = { source = "zitadel/zitadel" }
  }
}

variable "port" {}
variable "access_token" {}
variable "org_id" {}
variable "password_attempts" {}
variable "otp_attempts" {}

provider "zitadel" {
  domain       = "127.0.0.1"
  port         = var.port
  insecure     = true
  access_token = var.access_token
}

resource "zitadel_default_lockout_policy" "default" {
  max_password_attempts = var.password_attempts
  max_otp_attempts      = var.otp_attempts
}

resource "zitadel_lockout_policy" "org" {
  org_id                = var.org_id
  max_password_attempts = var.password_attempts + 1
  max_otp_attempts      = var.otp_attempts + 1
}
`;

interface Limits {
  readonly passwordAttempts: number;
  readonly otpAttempts: number;
}

describe.skipIf(provider.path === undefined)("Terraform", () => {
  let stage: Stage;
  let directory: TempDir;

  beforeAll(async () => {
    stage = await setStage(await startTestServer());
    directory = await makeTempDir();
    await writeFile(directory.file("main.tf"), configuration);
    await writeFile(
      directory.file("terraformrc"),
      `provider_installation {
  dev_overrides {
    "zitadel/zitadel" = ${JSON.stringify(dirname(provider.path ?? ""))}
  }
  direct {}
}
`,
    );
  });

  afterAll(async () => {
    await stage.server.close();
    await directory.remove();
  });

  /** Runs a command of Terraform with these numbers in its configuration. */
  const run = (
    { passwordAttempts, otpAttempts }: Limits,
    ...command: readonly string[]
  ): Promise<Outcome> =>
    runProgram(terraform ?? "", command, {
      cwd: directory.path,
      env: {
        CHECKPOINT_DISABLE: "1",
        TF_CLI_CONFIG_FILE: directory.file("terraformrc"),
        TF_IN_AUTOMATION: "1",
        TF_INPUT: "0",
        TF_VAR_port: String(stage.server.port),
        TF_VAR_access_token: stage.server.adminToken,
        TF_VAR_org_id: stage.orgId,
        TF_VAR_password_attempts: String(passwordAttempts),
        TF_VAR_otp_attempts: String(otpAttempts),
      },
    });

  /** The policies as our own API shows them. */
  async function policies() {
    const { url, adminToken } = stage.server;
    const transport = createGrpcTransport({ baseUrl: url });
    const authorization = `Bearer ${adminToken}`;
    const [standard, own] = await Promise.all([
      createClient(AdminService, transport).getLockoutPolicy(
        {},
        { headers: { authorization } },
      ),
      createClient(ManagementService, transport).getLockoutPolicy(
        {},
        { headers: { authorization, "x-zitadel-orgid": stage.orgId } },
      ),
    ]);
    const numbers = (policy: typeof standard.policy) => [
      policy?.maxPasswordAttempts,
      policy?.maxOtpAttempts,
    ];
    return {
      default: numbers(standard.policy),
      org: own.isDefault ? "the default" : numbers(own.policy),
    };
  }

  const first = { passwordAttempts: 5, otpAttempts: 3 };
  const second = { passwordAttempts: 8, otpAttempts: 0 };
  const noDifference = { code: 0 };

  it("refuses to import the policy of an unknown organisation, and says why", async () => {
    const imported = await run(
      first,
      "import",
      "zitadel_lockout_policy.org",
      "123456789012345678",
    );
    expect(imported.code).not.toBe(0);
    expect(imported.stdout + imported.stderr).toContain("AUTH-Bs7Ds");
  });

  it("creates both policies, and finds nothing left to do", async () => {
    expect(await run(first, "apply", "-auto-approve")).toMatchObject({
      code: 0,
    });
    expect(await policies()).toEqual({ default: [5n, 3n], org: [6n, 4n] });
    expect(await run(first, "plan", "-detailed-exitcode")).toMatchObject(
      noDifference,
    );
  });

  it("changes both policies, and finds nothing left to do", async () => {
    expect(await run(second, "apply", "-auto-approve")).toMatchObject({
      code: 0,
    });
    expect(await policies()).toEqual({ default: [8n, 0n], org: [9n, 1n] });
    expect(await run(second, "plan", "-detailed-exitcode")).toMatchObject(
      noDifference,
    );
  });

  it("imports the policy of an organisation", async () => {
    const resource = "zitadel_lockout_policy.org";
    expect(await run(second, "state", "rm", resource)).toMatchObject({
      code: 0,
    });
    expect(await run(second, "import", resource, stage.orgId)).toMatchObject({
      code: 0,
    });
    expect(await run(second, "plan", "-detailed-exitcode")).toMatchObject(
      noDifference,
    );
  });

  it("destroys the organisation's policy; the default one stays", async () => {
    expect(await run(second, "destroy", "-auto-approve")).toMatchObject({
      code: 0,
    });
    expect(await policies()).toEqual({
      default: [8n, 0n],
      org: "the default",
    });
  });
});
