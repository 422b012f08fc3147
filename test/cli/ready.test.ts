import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { startTestServer } from "../support/server.ts";
import { run } from "./command.ts";

async function ready(respond: RequestListener, ...args: readonly string[]) {
  const server = createServer(respond).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return run("ready", "--server", `http://127.0.0.1:${port}`, ...args);
}

test("a server that can do its work is ready, named by --server or by its own settings", async () => {
  const server = await startTestServer();
  onTestFinished(() => server.close());
  const isReady = { code: 0, stdout: "ready\n", stderr: "" };
  expect(await run("ready", "--server", server.url)).toEqual(isReady);
  vi.stubEnv("LOCKOUTD_LISTEN", `0.0.0.0:${server.port}`);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  expect(await run("ready")).toEqual(isReady);
});

test("a server that cannot write is not ready", async () => {
  const { code, stderr } = await ready((_request, response) => {
    response.writeHead(412, {
      "content-type": "text/plain; charset=utf-8",
      "x-request-id": "1",
    });
    response.end("not ready");
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(/is not ready: it cannot write/);
});

test.each<readonly [string, RequestListener, RegExp]>([
  [
    "has a page for every path",
    (_request, response) => {
      response.setHeader("content-type", "text/html");
      response.end("<!doctype html>\n<title>\u001b[31mShop</title>");
    },
    /status 200, text\/html, and "<!doctype html> <title>.*Shop/,
  ],
  [
    "says ok to every path",
    (_request, response) => {
      response.setHeader("content-type", "text/plain");
      response.end("ok");
    },
    /status 200, text\/plain, and "ok"/,
  ],
  [
    "says nothing",
    (_request, response) => {
      response.statusCode = 204;
      response.end();
    },
    /status 204, no type, and nothing in it/,
  ],
  [
    "never ends its response",
    (_request, response) => {
      response.write("x".repeat(100_000));
    },
    /status 200, no type, and "x{60}"/,
  ],
])("a server that %s is not lockoutd's", async (_what, respond, said) => {
  const { code, stdout, stderr } = await ready(respond);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(said);
  expect(stderr).toMatch(/check the address\n$/);
});

test("a server that ends no response in time is not ready", async () => {
  const { code, stderr } = await ready(
    (_request, response) => {
      response.write("o");
    },
    ...["--timeout", "100ms"],
  );
  expect(code).toBe(1);
  expect(stderr).toMatch(/not ready: no response within 100 ms/);
});
