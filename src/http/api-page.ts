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
 * `/openapi.json`, and `/debug/api`, a page that shows it and needs nothing from elsewhere.
 *
 * @throws Error where a file of the page is missing
 */
export function apiPages(description: JsonObject): StaticRoute[] {
  const directory = findAssets();
  return [
    page(
      "/openapi.json",
      "application/json",
      Buffer.from(JSON.stringify(description)),
    ),
    page("/debug/api", "text/html; charset=utf-8", Buffer.from(html)),
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
  const built = fileURLToPath(new URL("../swagger-ui", import.meta.url));
  if (existsSync(built)) return built;
  const { resolve } = createRequire(import.meta.url);
  return dirname(resolve("swagger-ui-dist/package.json"));
}
