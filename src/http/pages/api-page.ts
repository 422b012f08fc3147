import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { JsonObject } from "@bufbuild/protobuf";
import { staticFile } from "./static-file.ts";
import type { StaticRoute } from "./static-route.ts";

const javascript = "text/javascript; charset=utf-8";

/** What the page is made of, from the package swagger-ui-dist. */
const assets = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": javascript,
} as const;

const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>lockoutd API</title>
    <link rel="stylesheet" href="api/swagger-ui.css" />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="api/swagger-ui-bundle.js"></script>
    <script src="api/start.js"></script>
  </body>
</html>
`;

/** Links to all pages, for people who open the address in a browser. */
const overview = (consoleLink: string) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>lockoutd</title>
    <style>
      body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
      dt { margin-top: 1rem; }
      dd { margin: 0; }
    </style>
  </head>
  <body>
    <h1>lockoutd</h1>
    <p>Account lockout as a service. Its API is served here by gRPC, gRPC-Web, Connect, and JSON over HTTP.</p>
    <dl>
${consoleLink}      <dt><a href="debug/api">debug/api</a></dt>
      <dd>every call by HTTP, described, and to be tried with your token</dd>
      <dt><a href="openapi.json">openapi.json</a></dt>
      <dd>the same for programs</dd>
      <dt><a href="debug/ready">debug/ready</a></dt>
      <dd>whether the server can do its work</dd>
      <dt><a href="debug/healthz">debug/healthz</a></dt>
      <dd>whether it responds</dd>
    </dl>
    <p>Server reflection lists the calls by gRPC: <code>buf curl --list-methods</code>, <code>grpcurl list</code>.</p>
  </body>
</html>
`;

const consoleLink = `      <dt><a href="ui/console">ui/console</a></dt>
      <dd>the console of the help desk: who is locked, why, and how to unlock</dd>
`;

const start = `SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#swagger-ui",
  validatorUrl: null,
});
`;

// The page loads from this server alone. Its styles set themselves, and its icons are data.
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * `/openapi.json`, `/debug/api`, a page that shows it and needs nothing from elsewhere, and `/`, which links what is there.
 *
 * @param hasConsole whether there is a console to link
 * @throws Error where a file of the page is missing
 */
export function apiPages(
  description: JsonObject,
  hasConsole: boolean,
): StaticRoute[] {
  const directory = findAssets();
  return [
    page(
      "/",
      "text/html; charset=utf-8",
      Buffer.from(overview(hasConsole ? consoleLink : "")),
    ),
    page(
      "/openapi.json",
      "application/json",
      Buffer.from(JSON.stringify(description)),
    ),
    page("/debug/api", "text/html; charset=utf-8", Buffer.from(html)),
    // As some write it. The page's links are relative, so that it can stand behind a proxy's prefix.
    {
      path: "/debug/api/",
      respond: () => ({
        status: 308,
        header: new Headers({ location: "../api" }),
      }),
    },
    page("/debug/api/start.js", javascript, Buffer.from(start)),
    ...Object.entries(assets).map(([name, type]) =>
      page(`/debug/api/${name}`, type, readFileSync(join(directory, name))),
    ),
  ];
}

function page(path: string, type: string, body: Buffer): StaticRoute {
  return staticFile(path, body, {
    "content-type": type,
    "content-security-policy": contentSecurityPolicy,
    "x-content-type-options": "nosniff",
  });
}

/** The build copies the assets beside itself; in a checkout they are where the package is. */
function findAssets(): string {
  const built = fileURLToPath(new URL("../../swagger-ui", import.meta.url));
  if (existsSync(built)) {
    return built;
  }
  const { resolve } = createRequire(import.meta.url);
  return dirname(resolve("swagger-ui-dist/package.json"));
}
