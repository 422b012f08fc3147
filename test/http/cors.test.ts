import { afterEach, describe, expect, test } from "vitest";
import { createCors } from "../../src/http/response/cors.ts";
import type { CorsOrigins } from "../../src/http/response/cors.ts";
import { debugPages } from "../../src/http/pages/debug-pages.ts";
import { createHealth } from "../../src/http/services/health.ts";
import { startServer, stopServers } from "./support.ts";

afterEach(stopServers);

async function serve(corsOrigins?: CorsOrigins) {
  const { url } = await startServer({
    openServices: [createHealth([]).service],
    pages: debugPages(() => true),
    ...(corsOrigins === undefined ? {} : { corsOrigins }),
  });
  return (path: string, method: string, headers: Record<string, string>) =>
    fetch(url + path, { method, headers });
}

const page = "https://app.example.com";
const check = "/grpc.health.v1.Health/Check";
const preflight = { "access-control-request-method": "POST" };

describe("a preflight", () => {
  test("of an allowed origin is told all that is allowed", async () => {
    const call = await serve(["https://other.example.com", page]);
    for (const path of [check, "/no/such/path", "/debug/healthz"]) {
      const { status, headers } = await call(path, "OPTIONS", {
        origin: page,
        ...preflight,
        "access-control-request-headers":
          "authorization,grpc-accept-encoding, X-Requested-With,traceparent,b@d",
      });
      expect(status).toBe(204);
      expect(Object.fromEntries(headers)).toMatchObject({
        "access-control-allow-origin": page,
        "access-control-allow-methods":
          "OPTIONS, GET, HEAD, POST, PUT, PATCH, DELETE",
        "access-control-allow-headers":
          "Authorization, Content-Type, Accept, x-zitadel-orgid, x-user-agent, x-grpc-web, Connect-Protocol-Version, Connect-Timeout-Ms, Grpc-Timeout, Last-Event-ID, grpc-accept-encoding, x-requested-with, traceparent",
        "access-control-allow-credentials": "true",
        vary: "Access-Control-Request-Method, Access-Control-Request-Headers, Origin",
        "cache-control": "no-store",
      });
    }
  });

  test("of another origin is refused", async () => {
    for (const origins of [[page], [], undefined]) {
      const call = await serve(origins);
      const response = await call(check, "OPTIONS", {
        origin: "https://evil.example.com",
        ...preflight,
      });
      expect(response.status).toBe(403);
      expect(response.headers.has("access-control-allow-origin")).toBe(false);
      expect(await response.json()).toMatchObject({ code: 7 });
    }
  });

  test("is not what every OPTIONS is", async () => {
    const call = await serve([page]);
    expect((await call(check, "OPTIONS", { origin: page })).status).toBe(405);
    expect((await call(check, "OPTIONS", preflight)).status).toBe(405);
  });
});

describe("an answer", () => {
  test("to an allowed page may be read, errors included", async () => {
    const call = await serve([page]);
    for (const path of ["/debug/healthz", "/no/such/path", check]) {
      const { headers } = await call(path, "GET", { origin: page });
      expect(headers.get("access-control-allow-origin")).toBe(page);
      expect(headers.get("access-control-expose-headers")).toBe(
        "Grpc-Status, Grpc-Message, Grpc-Status-Details-Bin, x-request-id, www-authenticate, retry-after, etag, last-event-id",
      );
      expect(headers.get("access-control-allow-credentials")).toBe("true");
      expect(headers.get("vary")).toBe("Origin");
    }
  });

  test("names the trailers that it has", () => {
    const header = new Headers({ "trailer-x-took": "5" });
    createCors([page]).decorate(page, header);
    expect(header.get("access-control-expose-headers")).toMatch(
      /, last-event-id, trailer-x-took$/,
    );
  });

  test("to another page may not, but is given", async () => {
    const call = await serve([page]);
    const response = await call("/debug/healthz", "GET", {
      origin: "https://app.example.com.evil.com",
    });
    expect(response.status).toBe(200);
    expect(response.headers.has("access-control-allow-origin")).toBe(false);
    expect(response.headers.has("access-control-allow-credentials")).toBe(
      false,
    );
    expect(response.headers.get("vary")).toBe("Origin");
  });

  test("is for everybody with *", async () => {
    const call = await serve("*");
    const { headers } = await call("/debug/healthz", "GET", { origin: page });
    expect(headers.get("access-control-allow-origin")).toBe("*");
    expect(headers.has("access-control-allow-credentials")).toBe(false);
    expect(headers.has("vary")).toBe(false);
  });

  test("says nothing of origins where none is configured", async () => {
    const call = await serve();
    const { headers } = await call("/debug/healthz", "GET", { origin: page });
    expect(headers.has("access-control-allow-origin")).toBe(false);
    expect(headers.has("vary")).toBe(false);
  });
});
