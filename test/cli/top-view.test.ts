import { describe, expect, it, test } from "vitest";
import { initialState, press } from "../../src/cli/top/state.ts";
import type { Key, TopState } from "../../src/cli/top/state.ts";
import { readSamples } from "../../src/cli/top/samples.ts";
import { summarize } from "../../src/cli/top/summary.ts";
import { viewLines } from "../../src/cli/top/view.ts";

const page = (values: {
  readonly proceed: number;
  readonly locks: number;
  readonly fast: number;
  readonly slow: number;
}) => `# HELP lockoutd_attempts_total Attempts.
# TYPE lockoutd_attempts_total counter
lockoutd_attempts_total{factor="password",decision="proceed",known_user="true"} ${values.proceed}
lockoutd_attempts_total{factor="totp",decision="proceed",known_user="true"} 1
lockoutd_attempts_total{factor="password",decision="locked",known_user="false"} 7
lockoutd_locks_total{reason="ceiling",scope="user"} ${values.locks}
lockoutd_locked_users{reason="ceiling"} 4
lockoutd_store_batch_size_sum{engine="sqlite"} ${values.proceed * 3}
lockoutd_store_batch_size_count{engine="sqlite"} ${values.proceed}
rpc_server_call_duration_seconds_bucket{rpc_method="a.B/Fast",le="0.1"} ${values.fast}
rpc_server_call_duration_seconds_bucket{rpc_method="a.B/Fast",le="+Inf"} ${values.fast}
http_server_request_duration_seconds_bucket{method="GET",route="/v1/{a}",status="200",le="0.1"} 0
http_server_request_duration_seconds_bucket{method="GET",route="/v1/{a}",status="200",le="1.0"} ${values.slow}
http_server_request_duration_seconds_bucket{method="GET",route="/v1/{a}",status="200",le="+Inf"} ${values.slow}
`;
const look = (time: number, values: Parameters<typeof page>[0]) => ({
  time,
  samples: readSamples(page(values)),
});
const before = look(0, { proceed: 10, locks: 1, fast: 5, slow: 0 });
const after = look(2000, { proceed: 30, locks: 2, fast: 105, slow: 10 });
const event = (type: string, id: string, minute: number) => ({
  creationDate: `2030-01-01T10:${minute}:00.000000Z`,
  type,
  aggregate: { type: "user", id },
  ...{ sequence: 1, resourceOwner: "300", editor: "1", editorName: "" },
  payload: null,
});
const events = [
  event("user.locked", "alice", 12),
  event("user.human.added", "bob\u001b[2J\u009b", 11),
];
const summary = summarize(before, after, events);

describe("the summary of two looks", () => {
  it("has rates, the locked, the slowest calls first, and the events", () => {
    expect(summary).toEqual({
      time: "1970-01-01T00:00:02.000Z",
      attemptsPerSecond: {
        ...{ proceed: 10, locked: 0, busy: 0 },
        ...{ throttled: 0, inactive: 0 },
      },
      locksPerSecond: 0.5,
      lockedUsers: { ceiling: 4 },
      slowestCalls: [
        { method: "GET /v1/{a}", p99Seconds: 0.991 },
        { method: "a.B/Fast", p99Seconds: 0.099 },
      ],
      batchSize: 3,
      events,
    });
  });

  it("of a node that was started anew counts from 0", () => {
    const { attemptsPerSecond, slowestCalls } = summarize(
      after,
      { ...before, time: 3000 },
      [],
    );
    expect(attemptsPerSecond.proceed).toBe(10);
    expect(slowestCalls).toEqual([{ method: "a.B/Fast", p99Seconds: 0.099 }]);
  });
});

const shown: TopState = { ...initialState("http://a"), summary, notice: "" };
const typed = (state: TopState, ...keys: readonly (string | Key)[]) => {
  let current = state;
  let action: ReturnType<typeof press>[1];
  for (const key of keys) {
    [current, action] = press(
      current,
      typeof key === "string" ? { text: key, name: key } : key,
    );
  }
  return { state: current, action };
};
const enter = { name: "return", text: "\r" };

describe("the keys", () => {
  it("pause and go on, show the help, and end", () => {
    expect(typed(shown, "p").state.isPaused).toBe(true);
    expect(typed(shown, "p", " ").state.isPaused).toBe(false);
    expect(typed(shown, "?").state.showsHelp).toBe(true);
    expect(typed(shown, "q").action).toEqual({ kind: "quit" });
    const interrupt = { name: "c", text: "\u0003", ctrl: true };
    expect(typed(shown, "u", interrupt).action).toEqual({ kind: "quit" });
  });

  it("filter the events", () => {
    const { state } = typed(
      shown,
      "f",
      "BOB",
      "x",
      { name: "backspace" },
      enter,
    );
    expect(state.filter).toBe("BOB");
    expect(viewLines(state, 80, 24).join("\n")).not.toContain("alice");
    const escape = { name: "escape", text: "\u001b" };
    expect(typed(state, escape).state.filter).toBe("");
  });

  it("unlock who was locked last, in the organisation where that was, or whom one types", () => {
    expect(typed(shown, "u", enter).action).toEqual({
      ...{ kind: "unlock", userId: "alice", orgId: "300" },
    });
    const backspaces = Array.from({ length: 5 }, () => ({ name: "backspace" }));
    expect(typed(shown, "u", ...backspaces, "b", enter).action).toEqual({
      ...{ kind: "unlock", userId: "b", orgId: "" },
    });
    expect(typed(shown, "u", { name: "escape" }).action).toBeUndefined();
    expect(typed(shown, "u", ...backspaces, enter).action).toBeUndefined();
  });

  it("type no more than an id has", () => {
    const { state } = typed(shown, "f", "x".repeat(1000));
    expect(state.prompt?.text).toHaveLength(200);
  });
});

test.each([
  [80, 24],
  [200, 50],
  [20, 5],
  [1, 1],
])("%i×%i: no line is wider, and none steers the terminal", (width, height) => {
  const long = { ...shown, source: "http://äöü.example/".repeat(20) };
  for (const state of [shown, long, typed(shown, "?").state]) {
    const lines = viewLines(state, width, height);
    expect(lines).toHaveLength(height);
    for (const line of lines) {
      expect(line.length).toBeLessThanOrEqual(Math.max(width, 1));
      expect(line).not.toMatch(/\p{Cc}/u);
    }
  }
});

test("80×24 has all that there is", () => {
  expect(viewLines(shown, 80, 24).join("\n")).toMatchInlineSnapshot(`
    "lockoutd top  http://a                                              00:00:02 UTC

    Attempts/s    proceed 10.0  locked 0.0  busy 0.0  throttled 0.0  inactive 0.0
    Locks/s       0.5
    Locked users  ceiling 4
    Batch size    3.0

    Slowest calls (99 of 100 take less)
        991.0 ms  GET /v1/{a}
         99.0 ms  a.B/Fast

    Last events
      10:12:00  user.locked       alice  
      10:11:00  user.human.added  bob\\u{1b}[2J\\u{9b}  









    ?: help  p: pause  f: filter  u: unlock  q: end"
  `);
});
