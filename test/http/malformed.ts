import http2 from "node:http2";
import { once } from "node:events";
import { expect } from "vitest";
import { debugPages } from "../../src/http/pages/debug-pages.ts";
import { createHealth } from "../../src/http/services/health.ts";
import { startServer } from "./support.ts";
import type { StartedServer } from "./support.ts";

/** Starts a server with a service and a page that need no token. */
export function serve(): Promise<StartedServer> {
  return startServer({
    openServices: [createHealth([]).service],
    pages: debugPages(() => true),
  });
}

/** The path of the service's call. */
export const check = "/grpc.health.v1.Health/Check";

/** The server is well: it answers the next request, on both HTTP versions. */
export async function expectWell({
  url,
  faults,
}: StartedServer): Promise<void> {
  expect(await (await fetch(`${url}/debug/healthz`)).text()).toBe("ok");
  const session = http2.connect(url);
  const stream = session.request({ ":path": "/debug/healthz" });
  expect((await once(stream, "response"))[0]).toMatchObject({ ":status": 200 });
  stream.resume();
  await once(stream, "end");
  session.close();
  expect(faults).toEqual([]);
}
