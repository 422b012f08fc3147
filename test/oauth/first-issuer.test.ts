import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { freePort } from "../support/free-port.ts";
import { startTestServer } from "../support/server.ts";

test("the issuer has the port already in the first response of a server that starts", async () => {
  const port = await freePort();
  const starting = startTestServer({ listen: { host: "127.0.0.1", port } });
  const url = `http://127.0.0.1:${port}`;
  const first = async (): Promise<unknown> => {
    for (;;) {
      try {
        const path = `${url}/.well-known/openid-configuration`;
        return await (await fetch(path)).json();
      } catch {
        await setImmediate();
      }
    }
  };
  const [server, discovery] = await Promise.all([starting, first()]);
  expect(discovery).toMatchObject({ issuer: url });
  await server.close();
});
