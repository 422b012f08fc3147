/**
 * Puts beside the compiled code what it serves and nobody compiles: the page that shows the API (from
 * swagger-ui-dist, so that who installs lockoutd need not install that), and the API's description as a file. And makes the
 * command line a program: npm does so only where it links it, and not again when a second "npm ci" builds it anew.
 */
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { describeApi } from "../src/api-description.ts";

const dist = resolve(import.meta.dirname, "../dist");
const swaggerUi = dirname(
  createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"),
);

mkdirSync(join(dist, "swagger-ui"), { recursive: true });
for (const name of [
  "swagger-ui.css",
  "swagger-ui-bundle.js",
  "swagger-ui-bundle.js.LICENSE.txt",
  "LICENSE",
  "NOTICE",
]) {
  copyFileSync(join(swaggerUi, name), join(dist, "swagger-ui", name));
}
writeFileSync(
  join(dist, "openapi.json"),
  `${JSON.stringify(describeApi(), null, 2)}\n`,
);
chmodSync(join(dist, "main.js"), 0o755);
