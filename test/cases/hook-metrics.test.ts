import { afterAll, beforeAll, expect, it } from "vitest";
import { startReceiver } from "../hooks/receiver.ts";
import type { Receiver } from "../hooks/receiver.ts";
import { localHooks } from "../hooks/stage.ts";
import { changesOf, fetchSamples } from "../support/metrics-page.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

let server: TestServer;
let receiver: Receiver;
let later = 0;

beforeAll(async () => {
  receiver = await startReceiver();
  server = await startTestServer(
    { hooks: localHooks, metricsListen: { host: "127.0.0.1", port: 0 } },
    { stopwatch: () => performance.now() + later },
  );
});

afterAll(async () => {
  await server.close();
  await receiver.close();
});

const call = async (path: string, body: object, method = "POST") => {
  const response = await fetch(`${server.url}/lockout/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${server.adminToken}` },
    body: JSON.stringify(body),
  });
  return (await response.json()) as {
    readonly hook: { readonly hookId: string };
  };
};

it("deliveries are counted by the instance's hook, or as an organisation's, and hooks by their state", async () => {
  const samples = () => {
    // Numbers of the whole installation are shared for 10 s.
    later += 10_001;
    return fetchSamples(server.metricsUrl ?? "");
  };
  const start = await samples();
  const hook = { url: receiver.url, eventTypes: ["user.human.added"] };
  const { hookId } = (await call("instance/hooks", hook)).hook;
  await call("hooks", hook);
  const third = (await call("hooks", hook)).hook.hookId;
  await call(`hooks/${third}`, { state: "HOOK_STATE_DISABLED" }, "PATCH");
  await call("users/alice", {}, "PUT");
  await receiver.until(2);
  const series = (name: string) =>
    `lockoutd_hook_deliveries_total{hook="${name}",outcome="delivered"}`;
  await expect
    .poll(async () => changesOf(start, await samples(), "lockoutd_hook"))
    .toEqual({
      [series(hookId)]: 1,
      [series("organization")]: 1,
      'lockoutd_hooks{state="enabled"}': 2,
      'lockoutd_hooks{state="disabled"}': 1,
    });
});
