import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { staticFile } from "./static-file.ts";
import type { StaticRoute } from "./static-route.ts";

/**
 * Nothing but the console's own script and style sheet, from this server, and calls to it. Nobody may frame the page, and no text can become
 * a script.
 */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const security = {
  "content-security-policy": contentSecurityPolicy,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** The names say what is in the files: no browser need ask again. */
const immutable = "public, max-age=31536000, immutable";

const types = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
} as const;

/** `/ui/console`, and what it is made of; undefined where the console was not built. */
export function consolePages(): readonly StaticRoute[] | undefined {
  const directory = findBuilt();
  if (directory === undefined) {
    return undefined;
  }
  const names = readdirSync(directory);
  const script = names.find((name) => built.test(name) && isOf(name, "js"));
  const style = names.find((name) => built.test(name) && isOf(name, "css"));
  if (script === undefined || style === undefined) {
    return undefined;
  }
  return [
    staticFile("/ui/console", Buffer.from(html(script, style)), {
      ...security,
      "content-type": "text/html; charset=utf-8",
    }),
    // As some write it. The page's links are relative, so that it can stand behind a proxy's prefix.
    {
      path: "/ui/console/",
      respond: () => ({
        status: 308,
        header: new Headers({ location: "../console" }),
      }),
    },
    ...([script, style] as const).map((name) =>
      staticFile(
        `/ui/console/${name}`,
        readFileSync(join(directory, name)),
        {
          ...security,
          "content-type": isOf(name, "js") ? types.js : types.css,
        },
        immutable,
      ),
    ),
  ];
}

function html(script: string, style: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>lockoutd console</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="console/${style}" />
    <script type="module" src="console/${script}"></script>
  </head>
  <body>
    <div id="console"></div>
    <noscript>The console needs JavaScript.</noscript>
  </body>
</html>
`;
}

/** What the build names its files. */
const built = /^main-[\w-]+\.(?:js|css)$/;

function isOf(name: string, type: keyof typeof types): boolean {
  return name.endsWith(`.${type}`);
}

/** The build puts the console beside the compiled server; in a checkout it is where the build has put it. */
function findBuilt(): string | undefined {
  return ["../../console", "../../../dist/console"]
    .map((place) => fileURLToPath(new URL(place, import.meta.url)))
    .find(
      (directory) =>
        existsSync(directory) &&
        readdirSync(directory).some((name) => built.test(name)),
    );
}
