import { afterAll, beforeAll, expect, it } from "vitest";
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
