import { afterAll, beforeAll, expect, it } from "vitest";
import { examples } from "../../src/api/examples.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

it("/openapi.json describes every JSON call", async () => {
  const response = await fetch(`${server.url}/openapi.json`);
  expect(response.headers.get("content-type")).toBe("application/json");
  const { openapi, paths } = (await response.json()) as {
    openapi: string;
    paths: Record<string, object>;
  };
  expect(openapi).toBe("3.1.0");
  expect(
    Object.keys(paths["/management/v1/policies/lockout"] ?? {}).sort(),
  ).toEqual(["delete", "get", "post", "put"]);
  expect(paths).toHaveProperty(["/admin/v1/policies/password/lockout", "put"]);
  expect(paths).toHaveProperty([
    "/lockout/v1/attempts/{attempt_id}:complete",
    "post",
  ]);
});

interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly [string];
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly example?: string;
    readonly description?: string;
  }[];
  readonly requestBody?: {
    readonly content: Record<string, { readonly example?: object }>;
  };
}

interface Described {
  readonly description?: string;
  readonly properties?: Record<string, Described>;
}

async function describedApi() {
  const response = await fetch(`${server.url}/openapi.json`);
  return (await response.json()) as {
    readonly paths: Record<string, Record<string, Operation>>;
    readonly components: { readonly schemas: Record<string, Described> };
  };
}

it("/openapi.json says of every call and field what it is, and what a 0 means", async () => {
  const { paths, components } = await describedApi();
  const missing = Object.values(paths)
    .flatMap((item) => Object.values(item))
    .flatMap(({ tags, summary, description, parameters }) => [
      ...(description === undefined ? [`${tags[0]}.${summary}`] : []),
      ...parameters
        .filter((parameter) => parameter.description === undefined)
        .map(({ name }) => `${tags[0]}.${summary} ${name}`),
    ]);
  for (const [name, { description, properties }] of Object.entries(
    components.schemas,
  )) {
    if (name.startsWith("google.")) {
      continue;
    }
    // A request or response is what its call says.
    if (description === undefined && !/(?:Request|Response)$/.test(name)) {
      missing.push(name);
    }
    for (const [field, schema] of Object.entries(properties ?? {})) {
      if (schema.description === undefined) {
        missing.push(`${name}.${field}`);
      }
    }
  }
  expect(missing).toEqual([]);
  const policy =
    components.schemas["zitadel.admin.v1.UpdateLockoutPolicyRequest"];
  expect(policy?.properties?.["maxOtpAttempts"]?.description).toContain(
    "0, also where it is left out, means that wrong codes never lock anybody",
  );
});

it("every example that /openapi.json offers works", async () => {
  const { paths } = await describedApi();
  const ids: Record<string, string> = {};
  const operations = Object.entries(paths)
    .flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({
        ...{ path, method, operation },
        name: `${operation.tags[0]}.${operation.summary}`,
      })),
    )
    .filter(
      ({ operation: { parameters, requestBody } }) =>
        requestBody !== undefined ||
        parameters.some((parameter) => parameter.in === "path"),
    );
  const order = Object.keys(examples);
  expect(operations.map(({ name }) => name).sort()).toEqual([...order].sort());
  operations.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  await fetch(`${server.url}/lockout/v1/users/alice`, {
    method: "PUT",
    headers: { authorization: `Bearer ${server.adminToken}` },
    body: JSON.stringify({ state: "USER_STATE_LOCKED" }),
  });
  for (const { path, method, name, operation } of operations) {
    const target = operation.parameters
      .filter((parameter) => parameter.in === "path")
      .reduce((text, parameter) => {
        const { example = "" } = parameter;
        return text.replace(`{${parameter.name}}`, ids[example] ?? example);
      }, path);
    const example = operation.requestBody?.content["application/json"]?.example;
    const body =
      example !== undefined && "change" in example
        ? { ...example, change: await lastChange(path) }
        : example;
    const response = await fetch(`${server.url}${target}`, {
      method: method.toUpperCase(),
      headers: { authorization: `Bearer ${server.adminToken}` },
      ...(body !== undefined && {
        body: JSON.stringify(body).replaceAll(
          /"([A-Z_]+_ID)"/g,
          (placeholder, id: string) =>
            ids[id] === undefined ? placeholder : JSON.stringify(ids[id]),
        ),
      }),
    });
    const text = await response.text();
    expect(response.status, `${name}: ${text}`).toBe(
      name.endsWith(".AddOrganization") ? 201 : 200,
    );
    const made = JSON.parse(text) as {
      attemptId?: string;
      token?: { tokenId: string };
      loginName?: string;
      userId?: string;
      key?: { keyId: string };
      hook?: { hookId: string };
      deliveryId?: string;
      orgId?: string;
      keyId?: string;
      tokenId?: string;
    };
    ids["MACHINE_KEY_ID"] ||= made.keyId ?? "";
    ids["MACHINE_TOKEN_ID"] ||= made.tokenId ?? "";
    if (name.endsWith(".AddMachineUser")) {
      ids["MACHINE_ID"] = made.userId ?? "";
    }
    ids["ORG_ID"] ||= made.orgId ?? "";
    ids["ATTEMPT_ID"] ||= made.attemptId ?? "";
    ids["TOKEN_ID"] ||= made.token?.tokenId ?? "";
    ids["KEY_ID"] ||= made.key?.keyId ?? "";
    if (made.loginName !== undefined) {
      ids["ACCOUNT_ID"] ||= made.userId ?? "";
    }
    // The calls about hooks come twice, and those of the instance last.
    ids["HOOK_ID"] = made.hook?.hookId ?? ids["HOOK_ID"] ?? "";
    ids["DELIVERY_ID"] = made.deliveryId ?? ids["DELIVERY_ID"] ?? "";
  }
});

/** The position of the last change of the policy that this path rolls back. */
async function lastChange(path: string): Promise<string> {
  const response = await fetch(
    `${server.url}${path.replace(":rollBack", "/changes")}`,
    { headers: { authorization: `Bearer ${server.adminToken}` } },
  );
  const { changes } = (await response.json()) as {
    changes: readonly { position: string }[];
  };
  return changes[0]?.position ?? "";
}

it("/debug/api/ leads to the page", async () => {
  const page = await fetch(`${server.url}/debug/api/`);
  expect(page.url).toBe(`${server.url}/debug/api`);
  expect(await page.text()).toContain("swagger-ui");
});

it("/debug/api is a page that loads from this server alone", async () => {
  const page = await fetch(`${server.url}/debug/api`);
  expect(page.headers.get("content-security-policy")).toContain(
    "default-src 'none'",
  );
  const html = await page.text();
  const links = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(
    ([, link = ""]) => link,
  );
  expect(links).toHaveLength(3);
  for (const link of links) {
    const asset = await fetch(new URL(link, `${server.url}/debug/api`));
    expect(asset.status, link).toBe(200);
    expect((await asset.text()).length).toBeGreaterThan(50);
  }
});

it("/ links what is there", async () => {
  const page = await fetch(server.url);
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  const links = [...(await page.text()).matchAll(/href="([^"]+)"/g)].map(
    ([, link = ""]) => link,
  );
  expect(links).toContain("debug/api");
  for (const link of links) {
    const linked = await fetch(new URL(link, server.url));
    expect(linked.status, link).toBe(200);
  }
});
