import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Health } from "../../gen/grpc/health/v1/health_pb.js";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { live } from "../support/life.ts";
import {
  changesOf,
  fetchSamples,
  readSamples,
} from "../support/metrics-page.ts";
import { openDoor, openDoors } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import { setStage } from "./stage.ts";
import type { Stage } from "./situation.ts";

// What the pages of metrics say, whatever protocol the calls come by.

let server: TestServer;
/** Where no token is needed. */
let open: string;
/** Numbers of the whole installation are shared for 10 s: the test goes past them. */
let later = 0;

beforeAll(async () => {
  server = await startTestServer(
    {
      metricsListen: { host: "127.0.0.1", port: 0 },
      defaultPolicy: { maxPasswordAttempts: 2, maxOtpAttempts: 2 },
    },
    { stopwatch: () => performance.now() + later },
  );
  open = server.metricsUrl ?? "";
});

afterAll(async () => {
  await server.close();
});

const ofUser = (value: string) =>
  ({ subject: { case: "userId", value } }) as const;
const ofName = (value: string) =>
  ({ subject: { case: "loginName", value } }) as const;
type Subject = ReturnType<typeof ofUser> | ReturnType<typeof ofName>;

const samples = () => {
  later += 10_001;
  return fetchSamples(open);
};

/** What changes on the page while something is done. */
async function changes(
  start: string,
  act: () => Promise<unknown>,
): Promise<Readonly<Record<string, number>>> {
  const before = await samples();
  await act();
  return changesOf(before, await samples(), start);
}

const doors = openDoors("http://localhost").map(({ name }) => name);

describe.each(doors)("by %s", (doorName) => {
  const enter = async () => {
    const door = openDoor(server.url, doorName);
    const stage = await setStage(server);
    const headers = { token: stage.orgOwner };
    const { userId } = stage;
    const begin = async (
      subject: Subject = ofUser(userId),
      factor = Factor.PASSWORD,
    ) =>
      messageOf(
        await door.call(
          AttemptService.method.beginAttempt,
          { factor, ...subject },
          headers,
        ),
      ) as { readonly attemptId?: string };
    const complete = (attemptId: string | undefined, outcome: Outcome) =>
      door.call(
        AttemptService.method.completeAttempt,
        { attemptId: attemptId ?? "", outcome },
        headers,
      );
    const lockout = () =>
      door.call(AttemptService.method.getLockout, { userId }, headers);
    return { door, stage, headers, userId, begin, complete, lockout };
  };

  it("counts what was begun, by decision and whether the user is known", async () => {
    const { begin, complete } = await enter();
    const counted = await changes("lockoutd_attempts_total", async () => {
      const unknown = await begin(ofName("nobody has this name"));
      await complete(unknown.attemptId, Outcome.NOT_A_GUESS);
      const first = await begin();
      const second = await begin();
      await begin();
      await complete(first.attemptId, Outcome.FAILED);
      await complete(second.attemptId, Outcome.FAILED);
      await begin();
    });
    const series = (decision: string, known: boolean) =>
      `lockoutd_attempts_total{factor="password",decision="${decision}",known_user="${known}"}`;
    expect(counted).toEqual({
      [series("proceed", false)]: 1,
      [series("proceed", true)]: 2,
      [series("busy", true)]: 1,
      [series("locked", true)]: 1,
    });
  });

  it("counts what ended, once, and nothing that changes nothing", async () => {
    const { begin, complete, door, headers, lockout, userId } = await enter();
    const fail = () =>
      door.call(
        AttemptService.method.reportAttempt,
        {
          ...ofUser(userId),
          factor: Factor.PASSWORD,
          outcome: Outcome.FAILED,
        },
        headers,
      );
    const counted = await changes("lockoutd_attempts_completed", async () => {
      const right = await begin();
      await complete(right.attemptId, Outcome.SUCCEEDED);
      await complete(right.attemptId, Outcome.SUCCEEDED);
      const none = await begin();
      await complete(none.attemptId, Outcome.NOT_A_GUESS);
      await begin(ofUser(userId), Factor.TOTP);
      server.advance(61_000);
      await lockout();
      const [a, b] = [await begin(), await begin()];
      await complete(a.attemptId, Outcome.FAILED);
      await fail();
      // The user is locked: neither counts.
      await complete(b.attemptId, Outcome.FAILED);
      await fail();
    });
    const series = (factor: string, outcome: string) =>
      `lockoutd_attempts_completed_total{factor="${factor}",outcome="${outcome}"}`;
    expect(counted).toEqual({
      [series("password", "succeeded")]: 1,
      [series("password", "not_a_guess")]: 1,
      [series("totp", "expired")]: 1,
      [series("password", "failed")]: 2,
    });
  });

  it("counts locks and unlocks of users, not of login names that lead to nobody", async () => {
    const { door, headers, userId } = await enter();
    const fail = (subject: Subject, factor = Factor.PASSWORD) =>
      door.call(
        AttemptService.method.reportAttempt,
        { factor, outcome: Outcome.FAILED, ...subject },
        headers,
      );
    const counted = await changes("lockoutd_", async () => {
      for (const subject of [ofUser(userId), ofName("no one")]) {
        await fail(subject);
        await fail(subject);
      }
      const [otp, other] = [`${userId}-otp`, `${userId}-other`];
      await fail(ofUser(otp), Factor.OTP_SMS);
      await fail(ofUser(otp), Factor.OTP_SMS);
      await fail(ofUser(other));
      await door.call(
        ManagementService.method.lockUser,
        { id: other },
        headers,
      );
      await door.call(AttemptService.method.unlock, ofUser(userId), headers);
    });
    const relevant = Object.entries(counted).filter(([series]) =>
      /_(locks|unlocks|locked)_/.test(series),
    );
    expect(Object.fromEntries(relevant)).toEqual({
      'lockoutd_locks_total{reason="password_attempts",scope="user"}': 1,
      'lockoutd_locks_total{reason="otp_attempts",scope="user"}': 1,
      'lockoutd_locks_total{reason="administrator",scope="user"}': 1,
      'lockoutd_unlocks_total{reason="administrator",scope="user"}': 1,
      'lockoutd_locked_users{reason="otp_attempts"}': 1,
      'lockoutd_locked_users{reason="administrator"}': 1,
    });
  });

  it("counts each request in one of two histograms, by the names of its protocol", async () => {
    const { door } = await enter();
    const get = (token: string) =>
      door.call(AdminService.method.getLockoutPolicy, {}, { token });
    const counted = await changes("", async () => {
      await get(server.adminToken);
      await get("no token");
    });
    const counts = Object.entries(counted).filter(
      ([series]) =>
        /^(rpc|http)_.*_count/.test(series) && !series.includes('"/metrics"'),
    );
    const call = (system: string, code: string) =>
      `rpc_server_call_duration_seconds_count{rpc_system_name="${system}",rpc_method="zitadel.admin.v1.AdminService/GetLockoutPolicy",rpc_response_status_code="${code}"}`;
    const rest = (status: number) =>
      `http_server_request_duration_seconds_count{method="GET",route="/admin/v1/policies/lockout",status="${status}"}`;
    const [first, second] = doorName.startsWith("REST")
      ? [rest(200), rest(401)]
      : doorName.startsWith("Connect")
        ? [call("connectrpc", "ok"), call("connectrpc", "unauthenticated")]
        : [call("grpc", "OK"), call("grpc", "UNAUTHENTICATED")];
    expect(Object.fromEntries(counts)).toEqual({ [first]: 1, [second]: 1 });
  });
});

it("has all series whose labels are of a fixed set at 0 from the start", async () => {
  const fresh = await startTestServer({
    metricsListen: { host: "127.0.0.1", port: 0 },
  });
  const page = await fetchSamples(fresh.metricsUrl ?? "");
  await fresh.close();
  const count = (start: string) =>
    [...page].filter(
      ([series, value]) => series.startsWith(start) && value === 0,
    ).length;
  expect({
    attempts: count("lockoutd_attempts_total{"),
    completed: count("lockoutd_attempts_completed_total{"),
    locks: count("lockoutd_locks_total{"),
    unlocks: count("lockoutd_unlocks_total{"),
    locked: count("lockoutd_locked_users{"),
    storms: count("lockoutd_storms_total"),
    tokens: count("lockoutd_tokens_expiring{"),
  }).toEqual({
    ...{ attempts: 50, completed: 20, locks: 8, unlocks: 4 },
    ...{ locked: 4, storms: 1, tokens: 3 },
  });
  const engine = process.env["TEST_ENGINE"] ?? "sqlite";
  expect(page.get(`lockoutd_store_up{engine="${engine}"}`)).toBe(1);
  expect(page.get(`lockoutd_store_queue_length{engine="${engine}"}`)).toBe(0);
});

it("names what it does not know _OTHER, and the codes of Connect's streams", async () => {
  const counted = await changes("", async () => {
    const post = (path: string, type: string) =>
      fetch(`${server.url}${path}`, {
        method: "POST",
        body: "{}",
        headers: { "content-type": type, "connect-protocol-version": "1" },
      });
    await post("/no.such.v1.Service/Method", "application/json");
    await fetch(`${server.url}/no/such/page?of=secrets`, { method: "PURGE" });
    const client = createClient(
      AttemptService,
      createConnectTransport({ baseUrl: server.url, httpVersion: "1.1" }),
    );
    const health = createClient(
      Health,
      createConnectTransport({ baseUrl: server.url, httpVersion: "1.1" }),
    );
    const watch = client.watchEvents({});
    await expect(watch[Symbol.asyncIterator]().next()).rejects.toThrow();
    await health.check({});
  });
  const counts = Object.keys(counted).filter(
    (series) => series.includes("_count") && !series.includes('"/metrics"'),
  );
  const call = (method: string, code: string) =>
    `rpc_server_call_duration_seconds_count{rpc_system_name="connectrpc",rpc_method="${method}",rpc_response_status_code="${code}"}`;
  expect(
    counts.filter((series) => !/^(lockoutd|nodejs)_/.test(series)).sort(),
  ).toEqual(
    [
      'http_server_request_duration_seconds_count{method="_OTHER",route="_OTHER",status="404"}',
      call("_OTHER", "unimplemented"),
      call("grpc.health.v1.Health/Check", "ok"),
      call("lockout.v1.AttemptService/WatchEvents", "unauthenticated"),
    ].sort(),
  );
});

describe("without --metrics-listen", () => {
  const status = async (token?: string) => {
    const response = await fetch(`${server.url}/debug/metrics`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    await response.text();
    return response.status;
  };
  let stage: Stage;
  beforeAll(async () => {
    stage = await setStage(server);
  });

  it.each([
    ["IAM_OWNER_VIEWER", 200],
    ["IAM_LOGIN_CLIENT", 403],
    ["ORG_OWNER", 403],
  ])("%s gets %i", async (role, expected) => {
    expect(await status(await stage.token([role]))).toBe(expected);
  });

  it("nobody else gets the page", async () => {
    expect(await status()).toBe(401);
    expect(await status("wrong")).toBe(401);
    expect(await status(server.adminToken)).toBe(200);
  });
});

it("is OpenMetrics for who asks for it, and compressed", async () => {
  const response = await fetch(`${open}/metrics`, {
    headers: {
      accept:
        "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5",
    },
  });
  expect(response.headers.get("content-type")).toBe(
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
  );
  expect(response.headers.get("content-encoding")).toBe("gzip");
  const page = await response.text();
  expect(page).toContain("# TYPE lockoutd_attempts counter\n");
  expect(page.endsWith("# EOF\n")).toBe(true);
  const text = await fetch(`${open}/metrics`, {
    headers: { accept: "text/plain", "accept-encoding": "identity" },
  });
  expect(text.headers.get("content-type")).toBe(
    "text/plain; version=0.0.4; charset=utf-8",
  );
  expect(await text.text()).toContain(
    "# TYPE lockoutd_attempts_total counter\n",
  );
});

it("has no user, name, address or token, nor an organisation unless it is told so", async () => {
  const perOrg = await startTestServer({
    metricsListen: { host: "127.0.0.1", port: 0 },
    metricsPerOrg: true,
  });
  await live(perOrg);
  await live(server);
  const pages = await Promise.all(
    [open, perOrg.metricsUrl ?? ""].map(async (url) =>
      (await fetch(`${url}/metrics`)).text(),
    ),
  );
  await perOrg.close();
  const secrets = ["user-", "192.0.2.7", "aliased", "no one", "later", "Al"];
  for (const page of pages) {
    expect(secrets.filter((text) => page.includes(`"${text}`))).toEqual([]);
    expect(page).not.toContain("127.0.0.1");
    expect(page).not.toContain(server.adminToken);
  }
  const [all = "", each = ""] = pages;
  expect(/"\d{18}"/.exec(all)).toBeNull();
  expect(each).toContain(
    `lockoutd_locks_total{reason="password_attempts",scope="user",organization="${perOrg.firstOrgId}"}`,
  );
  expect(/"\d{18}"/.exec(each.replaceAll(perOrg.firstOrgId, ""))).toBeNull();
  expect(readSamples(each).size).toBeGreaterThan(0);
});
