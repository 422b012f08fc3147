import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { relative } from "node:path";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const script = fileURLToPath(new URL("../page/page.js", import.meta.url));

/** The packages that the page's modules name; the browser loads their files as they are, without a bundler. */
const packages = [
  "@bufbuild/protobuf",
  "@bufbuild/protobuf/codegenv2",
  "@bufbuild/protobuf/reflect",
  "@bufbuild/protobuf/wire",
  "@bufbuild/protobuf/wkt",
  "@connectrpc/connect",
  "@connectrpc/connect-web",
  "@connectrpc/connect/protocol",
  "@connectrpc/connect/protocol-connect",
  "@connectrpc/connect/protocol-grpc",
  "@connectrpc/connect/protocol-grpc-web",
];

/** A web page of an origin of its own, which calls the server under test. */
export interface PageServer {
  readonly origin: string;
  close(): Promise<void>;
}

export async function startPageServer(): Promise<PageServer> {
  const imports = Object.fromEntries(
    packages.map((name) => [name, `/files/${fileOf(name)}`]),
  );
  const html = `<!doctype html>
<title>Policy</title>
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module" src="/page.js"></script>`;
  const server = createServer(({ url = "/" }, response) => {
    if (url === "/") {
      response.setHeader("content-type", "text/html; charset=utf-8").end(html);
    } else if (url === "/page.js") {
      sendScript(response, script);
    } else if (/^\/files\/(?:gen|node_modules)\/[\w@/.-]+\.js$/.test(url)) {
      sendScript(response, root + url.slice("/files/".length));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** The file of a package's entry, relative to the checkout. */
function fileOf(name: string): string {
  return relative(root, fileURLToPath(import.meta.resolve(name)));
}

function sendScript(response: ServerResponse, path: string): void {
  response.setHeader("content-type", "text/javascript; charset=utf-8");
  createReadStream(path)
    .on("error", () => {
      response.writeHead(404).end();
    })
    .pipe(response);
}
