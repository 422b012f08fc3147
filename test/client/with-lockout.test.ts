import { ConnectError, Code } from "@connectrpc/connect";
import type { Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import {
  createLockoutClient,
  NotAGuess,
  withLockout,
  zitadelErrorOf,
} from "../../client/src/index.ts";
import {
  Factor,
  Outcome,
} from "../../client/gen/lockout/v1/attempt_service_pb.js";
import { openHouse } from "./support.ts";
import type { House } from "./support.ts";

const limit = 3;
const right = () => true;
const wrong = () => false;

let house: House;
let users = 0;

beforeAll(async () => {
  house = await openHouse(limit);
});

afterAll(async () => {
  await house.close();
});

function someone() {
  users += 1;
  return { userId: `user-${users}` };
}

async function lockByGuessing(user: Parameters<typeof withLockout>[1]) {
  for (let guess = 1; guess <= limit; guess += 1) {
    await withLockout(house.client, user, "password", wrong);
  }
}

async function passwordCounter({ userId }: { userId: string }) {
  const { factors } = await house.client.attempts.getLockout({ userId });
  const state = factors.find(({ factor }) => factor === Factor.PASSWORD);
  return { failed: state?.failedAttempts, open: state?.openAttempts };
}

/** Runs after each answer to BeginAttempt, before the caller sees it. */
function afterBegin(run: () => void): Interceptor {
  return (next) => async (request) => {
    const response = await next(request);
    if (request.method.name === "BeginAttempt") {
      run();
    }
    return response;
  };
}

test("a right secret is accepted, and clears its counter", async () => {
  const user = someone();
  await withLockout(house.client, user, "password", wrong);
  const result = await withLockout(house.client, user, "password", right);
  expect(result.accepted).toBe(true);
  expect(result.public.code).toBe("accepted");
  expect(result.private).toEqual({
    outcome: "accepted",
    locked: false,
    failedAttempts: 0,
    limit,
    remaining: limit,
    error: undefined,
  });
});

test("a wrong secret is refused and counted", async () => {
  const result = await withLockout(
    house.client,
    someone(),
    "password",
    () => false,
    {
      client: { address: "192.0.2.7", userAgent: "browser", device: "device" },
    },
  );
  expect(result.accepted).toBe(false);
  expect(result.public.code).toBe("refused");
  expect(result.private).toMatchObject({
    outcome: "wrong",
    locked: false,
    failedAttempts: 1,
    remaining: limit - 1,
  });
});

test("the last chance locks, and then nothing is compared, not even the right secret (I9)", async () => {
  const user = someone();
  for (const left of [2, 1, 0]) {
    const result = await withLockout(house.client, user, "password", wrong);
    expect(result.private).toMatchObject({
      outcome: "wrong",
      locked: left === 0,
      remaining: left,
    });
  }
  const verify = vi.fn(right);
  const dummy = vi.fn();
  const result = await withLockout(house.client, user, "password", verify, {
    dummy,
  });
  expect(result.accepted).toBe(false);
  expect(result.private).toMatchObject({ outcome: "locked", locked: true });
  expect(verify).not.toHaveBeenCalled();
  expect(dummy).toHaveBeenCalledOnce();
  expect(await passwordCounter(user)).toEqual({ failed: limit, open: 0 });

  await house.unlock(user.userId);
  expect(
    (await withLockout(house.client, user, "password", right)).accepted,
  ).toBe(true);
});

test("wrong, locked and unknown look the same to a person (I10)", async () => {
  const known = someone();
  const shown = [];
  for (const user of [known, { loginName: "nobody@example.com" }]) {
    for (let guess = 1; guess <= limit + 1; guess += 1) {
      const result = await withLockout(house.client, user, "password", wrong);
      shown.push(result.public);
    }
  }
  expect(new Set(shown.map((answer) => JSON.stringify(answer))).size).toBe(1);
});

test("an unknown login name locks like a known one, and registers nobody (I10)", async () => {
  const typed = ["Nobody Here", "nobody  here", "NOBODY HERE"];
  for (const loginName of typed) {
    await withLockout(house.client, { loginName }, "password", wrong);
  }
  const verify = vi.fn(right);
  const result = await withLockout(
    house.client,
    { loginName: "nobody here" },
    "password",
    verify,
  );
  expect(result.private.outcome).toBe("locked");
  expect(verify).not.toHaveBeenCalled();
  const { users: locked } = await house.client.attempts.listLockedUsers({});
  expect(locked.map(({ userId }) => userId).join()).not.toMatch(/nobody/i);
});

test("a result that is sent or spread by mistake goes without its private part", async () => {
  const result = await withLockout(house.client, someone(), "password", wrong);
  expect(JSON.parse(JSON.stringify(result))).toEqual({
    accepted: false,
    public: result.public,
  });
  expect({ ...result }).not.toHaveProperty("private");
});

test("100 parallel wrong guesses compare no more secrets than the limit, and lock once (I1, I18)", async () => {
  const five = await openHouse(5);
  try {
    const verify = vi.fn(async () => {
      await new Promise(setImmediate);
      return false;
    });
    const user = { userId: "raced" };
    const results = await Promise.all(
      Array.from({ length: 100 }, () =>
        withLockout(five.client, user, "password", verify, {
          busyTimeoutMs: 60_000,
        }),
      ),
    );
    expect(verify).toHaveBeenCalledTimes(5);
    expect(results.filter(({ accepted }) => accepted)).toEqual([]);
    const outcomes = results.map((result) => result.private.outcome);
    expect(outcomes.filter((outcome) => outcome === "wrong")).toHaveLength(5);
    expect(outcomes.filter((outcome) => outcome === "locked")).toHaveLength(95);
    const events = await five.events("raced");
    expect(events.filter((type) => type === "user.locked")).toHaveLength(1);
  } finally {
    await five.close();
  }
});

test("while others hold all chances it waits, and gets the one that comes free", async () => {
  const user = someone();
  const subject = { case: "userId", value: user.userId } as const;
  const held = await Promise.all(
    Array.from({ length: limit }, () =>
      house.client.attempts.beginAttempt({
        subject,
        factor: Factor.PASSWORD,
      }),
    ),
  );
  const released = Promise.withResolvers();
  const release = afterBegin(() => {
    const [first] = held.splice(0, 1);
    if (first === undefined) {
      return;
    }
    released.resolve(
      house.client.attempts.completeAttempt({
        attemptId: first.attemptId,
        outcome: Outcome.NOT_A_GUESS,
      }),
    );
  });
  const result = await withLockout(
    house.clientWith(release),
    user,
    "password",
    right,
    { busyTimeoutMs: 60_000 },
  );
  await released.promise;
  expect(result.accepted).toBe(true);
});

test("when no chance comes free in time, the person may try later", async () => {
  const user = someone();
  const subject = { case: "userId", value: user.userId } as const;
  for (let chance = 1; chance <= limit; chance += 1) {
    await house.client.attempts.beginAttempt({
      subject,
      factor: Factor.PASSWORD,
    });
  }
  const verify = vi.fn(right);
  const result = await withLockout(house.client, user, "password", verify, {
    busyTimeoutMs: 0,
  });
  expect(verify).not.toHaveBeenCalled();
  expect(result.accepted).toBe(false);
  expect(result.public.code).toBe("try_later");
  expect(result.private).toMatchObject({ outcome: "busy", locked: false });
});

test("an inactive user is told the same as a locked one, and nothing is compared", async () => {
  const [inactive, locked] = [someone(), someone()];
  await withLockout(house.client, inactive, "password", wrong);
  await house.deactivate(inactive.userId);
  await withLockout(house.client, locked, "password", wrong);
  await house.lock(locked.userId);
  const verify = vi.fn(right);
  const dummy = vi.fn();
  const result = await withLockout(house.client, inactive, "password", verify, {
    dummy,
  });
  expect(verify).not.toHaveBeenCalled();
  expect(dummy).toHaveBeenCalledOnce();
  expect(result.private).toMatchObject({ outcome: "inactive", locked: false });
  expect(JSON.stringify(result)).toBe(
    JSON.stringify(
      await withLockout(house.client, locked, "password", verify, { dummy }),
    ),
  );
  expect(zitadelErrorOf(result, "password")).toBeUndefined();
});

test("an error out of verify comes through, and counts as failed", async () => {
  const user = someone();
  const fault = new Error("the audit log is full");
  await expect(
    withLockout(house.client, user, "password", () => {
      throw fault;
    }),
  ).rejects.toBe(fault);
  expect(await passwordCounter(user)).toEqual({ failed: 1, open: 0 });
});

test.each([
  ["returned", async () => "not-a-guess" as const],
  [
    "thrown",
    async () => {
      throw new NotAGuess("the database is away");
    },
  ],
])("a %s not-a-guess gives the chance back", async (_how, verify) => {
  const user = someone();
  for (let attempt = 0; attempt <= limit; attempt += 1) {
    const result = await withLockout(house.client, user, "password", verify);
    expect(result.accepted).toBe(false);
    // The same as for a locked user, whose secret is not compared either.
    expect(result.public.code).toBe("refused");
    expect(result.private.outcome).toBe("not_a_guess");
  }
  expect(await passwordCounter(user)).toEqual({ failed: 0, open: 0 });
});

test.each([1, "true", {}, undefined])(
  "%j out of verify is not `true`, and fails",
  async (value) => {
    const verify = async () => value as never;
    const result = await withLockout(
      house.client,
      someone(),
      "password",
      verify,
    );
    expect(result.private.outcome).toBe("wrong");
  },
);

test("a lock that comes while the secret is compared refuses the login", async () => {
  const user = someone();
  await withLockout(house.client, user, "password", right);
  const result = await withLockout(house.client, user, "password", async () => {
    await house.lock(user.userId);
    return true;
  });
  expect(result.accepted).toBe(false);
  expect(result.private).toMatchObject({ outcome: "locked", locked: true });
});

test("a comparison that takes longer than the attempt may be open is refused, right or wrong", async () => {
  const shown = [];
  for (const verdict of [true, false]) {
    const user = someone();
    const result = await withLockout(house.client, user, "password", () => {
      house.server.advance(61_000);
      return verdict;
    });
    expect(result.accepted).toBe(false);
    shown.push(result.public);
    expect(await passwordCounter(user)).toEqual({ failed: 1, open: 0 });
  }
  expect(shown[0]).toEqual(shown[1]);
});

test("a refusal to complete is final, and not asked for again", async () => {
  let completions = 0;
  const counting: Interceptor = (next) => async (request) => {
    if (request.method.name === "CompleteAttempt") {
      completions += 1;
    }
    return next(request);
  };
  const client = house.clientWith(counting);
  const result = await withLockout(client, someone(), "password", () => {
    house.server.advance(61_000);
    return true;
  });
  expect(result.private.outcome).toBe("expired");
  expect(completions).toBe(1);
});

test.each([
  ["a login name that is too long", { loginName: "x".repeat(201) }],
  ["an empty login name", { loginName: "" }],
  ["a blank login name", { loginName: " \t\u00a0" }],
  ["a login name of invisible characters", { loginName: "\u200b\u2060" }],
])("%s is refused like an unknown one", async (_what, user) => {
  const verify = vi.fn(right);
  const dummy = vi.fn();
  const result = await withLockout(house.client, user, "password", verify, {
    dummy,
  });
  expect(verify).not.toHaveBeenCalled();
  expect(dummy).toHaveBeenCalledOnce();
  expect(result.public.code).toBe("refused");
  expect(result.private.outcome).toBe("invalid");
});

test("a dummy that throws changes nothing but the private part", async () => {
  const user = someone();
  await lockByGuessing(user);
  const fault = new Error("no memory");
  const result = await withLockout(house.client, user, "password", right, {
    dummy: () => {
      throw fault;
    },
  });
  expect(result.public.code).toBe("refused");
  expect(result.private).toMatchObject({ outcome: "locked", error: fault });
});

test.each([
  ["password", "COMMAND-3M0fs", "Password is invalid", "COMMAND-JLK35"],
  ["totp", "EVENT-8isk2", "Invalid code", "COMMAND-SF3fg"],
  ["otp_sms", "CODE-woT0xc", "Code is invalid", "COMMAND-S6h4R"],
  ["otp_email", "CODE-woT0xc", "Code is invalid", "COMMAND-S6h4R"],
] as const)(
  "ZITADEL's errors for a wrong %s and for a locked user (contract, section 7)",
  async (factor, wrongId, message, lockedId) => {
    const user = someone();
    const guess = async (verify: () => boolean) =>
      zitadelErrorOf(
        await withLockout(house.client, user, factor, verify),
        factor,
      );
    expect(await guess(right)).toBeUndefined();
    for (let count = 1; count <= limit; count += 1) {
      expect(await guess(wrong)).toEqual({
        code: "INVALID_ARGUMENT",
        id: wrongId,
        message,
      });
    }
    for (const verify of [wrong, right]) {
      expect(await guess(verify)).toEqual({
        code: "FAILED_PRECONDITION",
        id: lockedId,
        message: "User is locked",
      });
    }
  },
);

test("each factor has a counter of its own (I3, I14)", async () => {
  const user = someone();
  for (const factor of [
    "totp",
    "otp_sms",
    "otp_email",
    "recovery_code",
  ] as const) {
    const result = await withLockout(house.client, user, factor, wrong);
    expect(result.private.failedAttempts).toBe(1);
  }
  await withLockout(house.client, user, "password", right);
  const { factors } = await house.client.attempts.getLockout(user);
  expect(factors.map((state) => state.failedAttempts).sort()).toEqual([
    0, 1, 1, 1, 1,
  ]);
});

test("a changed password clears the password counter", async () => {
  const user = someone();
  await withLockout(house.client, user, "password", wrong);
  await house.client.recordPasswordChange(user.userId);
  expect(await passwordCounter(user)).toEqual({ failed: 0, open: 0 });
});

test("an abort before it asks makes no call", async () => {
  const begins = vi.fn();
  const reason = new Error("the person has gone");
  await expect(
    withLockout(
      house.clientWith(afterBegin(begins)),
      someone(),
      "password",
      right,
      { signal: AbortSignal.abort(reason) },
    ),
  ).rejects.toBe(reason);
  expect(begins).not.toHaveBeenCalled();
});

test("an abort while it waits ends it, and nothing was begun", async () => {
  const user = someone();
  const subject = { case: "userId", value: user.userId } as const;
  for (let chance = 1; chance <= limit; chance += 1) {
    await house.client.attempts.beginAttempt({
      subject,
      factor: Factor.PASSWORD,
    });
  }
  const gone = new AbortController();
  const reason = new Error("the person has gone");
  const client = house.clientWith(
    afterBegin(() => {
      setImmediate(() => {
        gone.abort(reason);
      });
    }),
  );
  const verify = vi.fn(right);
  await expect(
    withLockout(client, user, "password", verify, {
      signal: gone.signal,
      busyTimeoutMs: 60_000,
    }),
  ).rejects.toBe(reason);
  expect(verify).not.toHaveBeenCalled();
  expect(await passwordCounter(user)).toEqual({ failed: 0, open: limit });
});

test("an abort after the attempt began gives the chance back", async () => {
  const user = someone();
  const gone = new AbortController();
  const reason = new Error("the person has gone");
  const client = house.clientWith(
    afterBegin(() => {
      gone.abort(reason);
    }),
  );
  const verify = vi.fn(right);
  await expect(
    withLockout(client, user, "password", verify, { signal: gone.signal }),
  ).rejects.toBe(reason);
  expect(verify).not.toHaveBeenCalled();
  expect(await passwordCounter(user)).toEqual({ failed: 0, open: 0 });
});

test("an abort while the secret is compared is no free guess", async () => {
  const user = someone();
  const gone = new AbortController();
  const result = await withLockout(
    house.client,
    user,
    "password",
    () => {
      gone.abort();
      return false;
    },
    { signal: gone.signal },
  );
  expect(result.private.outcome).toBe("wrong");
  expect(await passwordCounter(user)).toEqual({ failed: 1, open: 0 });
});

test("an answer to CompleteAttempt that is lost is asked for again", async () => {
  const user = someone();
  let lost = 0;
  const lossy: Interceptor = (next) => async (request) => {
    const response = await next(request);
    if (request.method.name === "CompleteAttempt" && lost < 2) {
      lost += 1;
      throw new ConnectError("the line is dead", Code.Unavailable);
    }
    return response;
  };
  const result = await withLockout(
    house.clientWith(lossy),
    user,
    "password",
    right,
    { completeTimeoutMs: 60_000 },
  );
  expect(lost).toBe(2);
  expect(result.accepted).toBe(true);
  const events = await house.events(user.userId);
  expect(
    events.filter((type) => type.endsWith("check.succeeded")),
  ).toHaveLength(1);
});

test("a token that is not known refuses every login, and says so to the program", async () => {
  const client = createLockoutClient({
    url: house.server.url,
    token: "unknown",
  });
  const verify = vi.fn(right);
  const result = await withLockout(client, someone(), "password", verify);
  client.close();
  expect(verify).not.toHaveBeenCalled();
  expect(result.accepted).toBe(false);
  expect(result.public.code).toBe("try_later");
  expect(JSON.parse(JSON.stringify(result.private))).toMatchObject({
    outcome: "unavailable",
    error: expect.stringMatching(/^ConnectError: \[\w+\] \S/) as string,
  });
  expect(result.private.outcome).toBe("unavailable");
  expect(ConnectError.from(result.private.error).code).toBe(
    Code.Unauthenticated,
  );
});

test("another transport carries the token and the organisation too", async () => {
  const { url, adminToken: token, firstOrgId: orgId } = house.server;
  const client = createLockoutClient({
    url,
    token,
    orgId,
    transport: (options) =>
      createConnectTransport({ ...options, httpVersion: "1.1" }),
  });
  const user = someone();
  const result = await withLockout(client, user, "password", wrong);
  client.close();
  expect(result.private.outcome).toBe("wrong");
  expect(await passwordCounter(user)).toEqual({ failed: 1, open: 0 });
});

test("an organisation that does not exist refuses the login", async () => {
  const { url, adminToken: token } = house.server;
  const client = createLockoutClient({ url, token, orgId: "1" });
  const result = await withLockout(client, someone(), "password", right);
  client.close();
  expect(result.private.outcome).toBe("unavailable");
});

test.each<[unknown, string]>([
  [{ url: "", token: "secret" }, "url must be like"],
  [{ url: "localhost:8080", token: "secret" }, "url must be like"],
  [{ url: "http://localhost:8080", token: "" }, "token must be"],
  [{ url: "http://localhost:8080", token: "secret\n" }, "token must be"],
  [{ url: "http://localhost:8080" }, "token must be"],
  [{ token: "secret" }, "url must be like"],
  [undefined, "options must be"],
  ...[
    { orgId: "" },
    { orgId: null },
    { orgId: 5 },
    { timeoutMs: NaN },
    { timeoutMs: "5s" },
    { transport: {} },
  ].map((options): [unknown, string] => [
    { url: "http://localhost:8080", token: "secret", ...options },
    `${Object.keys(options).join()} must be`,
  ]),
])("createLockoutClient(%j) says what is wrong", (options, message) => {
  const create = createLockoutClient as (options: unknown) => unknown;
  expect(() => create(options)).toThrow(TypeError);
  expect(() => create(options)).toThrow(message);
});

/** As code without types calls it. */
const untyped = withLockout as unknown as (
  ...args: unknown[]
) => Promise<{ readonly accepted: boolean }>;

const noSubjects: readonly unknown[] = [
  ...[undefined, null, "alice", 5, [], ["alice"], {}],
  ...[undefined, null, "", 5, 5n, NaN, {}, [], true, Symbol("id"), " \t"].map(
    (userId) => ({ userId }),
  ),
  ...["\u200b\ufeff", "\u2800", "\u0000", "\ud800"].map((userId) => ({
    userId,
  })),
  ...[undefined, null, 5, NaN, {}, ["bob"], false].map((loginName) => ({
    loginName,
  })),
  { userId: "alice", loginName: "bob" },
  { userId: "alice", loginName: "" },
  { userId: null, loginName: "bob" },
  { userId: undefined, loginName: undefined },
  { id: "alice" },
];

test("a user without an id or a name is a TypeError, before anything is asked or compared", async () => {
  let calls = 0;
  const client = house.clientWith((next) => async (request) => {
    calls += 1;
    return next(request);
  });
  const verify = vi.fn(right);
  for (const user of noSubjects) {
    await expect(untyped(client, user, "password", verify)).rejects.toThrow(
      TypeError,
    );
  }
  const passed = await untyped(
    client,
    { userId: undefined, loginName: "typed" },
    "password",
    wrong,
  );
  expect(passed.accepted).toBe(false);
  client.close();
  expect(verify).not.toHaveBeenCalled();
  // Begun and completed, for the one that is good.
  expect(calls).toBe(2);
});

const user = { userId: "argument" };
test.each<[string, unknown[], RegExp]>([
  ["no client", [undefined, user, "password", right], /^client must be/],
  ["another client", [{}, user, "password", right], /^client\.attempts must/],
  ["no factor", ["", user, undefined, right], /^factor must be one of/],
  ["a passkey", ["", user, "passkey", right], /^factor must be one of/],
  ["toString", ["", user, "toString", right], /^factor must be one of/],
  ["a factor's number", ["", user, 1, right], /^factor must be one of/],
  ["no verify", ["", user, "password"], /^verify must be a function/],
  ["a promise", ["", user, "password", Promise.resolve(true)], /^verify must/],
  ["null options", ["", user, "password", right, null], /^options must be/],
  ...(
    [
      [{ busyTimeoutMs: NaN }, /busyTimeoutMs must be milliseconds.*NaN/],
      [{ busyTimeoutMs: "5" }, /busyTimeoutMs must be/],
      [{ completeTimeoutMs: -1 }, /completeTimeoutMs must be/],
      [{ dummy: true }, /dummy must be a function/],
      [{ signal: {} }, /signal.* must be/],
      [{ client: "192.0.2.1" }, /client must be an object/],
      [{ client: { address: null } }, /client\.address must be a string/],
    ] as const
  ).map(([options, message]): [string, unknown[], RegExp] => [
    Object.keys(options).join(),
    ["", user, "password", right, options],
    message,
  ]),
])("a wrong argument is a TypeError: %s", async (_what, args, message) => {
  const [client, ...others] = args;
  const before = await house.events(user.userId);
  const failed = untyped(client === "" ? house.client : client, ...others);
  await expect(failed).rejects.toThrow(TypeError);
  await expect(failed).rejects.toThrow(message);
  expect(await house.events(user.userId)).toEqual(before);
});

test("a password change of nobody is a TypeError", async () => {
  for (const userId of [undefined, null, "", " ", 5, {}]) {
    await expect(
      house.client.recordPasswordChange(userId as string),
    ).rejects.toThrow(TypeError);
  }
});
