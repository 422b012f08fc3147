import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { Code, createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
} from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { AttemptService } from "../../gen/lockout/v1/attempt_service_pb.js";
import {
  UserService,
  UserState,
} from "../../gen/lockout/v1/user_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

// Times that clients send: to the nanosecond, while events have microseconds and locks milliseconds; and such as only gRPC can carry.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

function connect() {
  const transport = createGrpcTransport({ baseUrl: server.url });
  return {
    headers: { authorization: `Bearer ${server.adminToken}` },
    access: createClient(AccessService, transport),
    admin: createClient(AdminService, transport),
    attempts: createClient(AttemptService, transport),
    users: createClient(UserService, transport),
  };
}

function timestamp(seconds: bigint, nanos = 0): Timestamp {
  return { $typeName: "google.protobuf.Timestamp", seconds, nanos };
}

function after(time: Timestamp, nanos: number): Timestamp {
  return timestamp(time.seconds, time.nanos + nanos);
}

const invalid: readonly (readonly [string, Timestamp])[] = [
  ["the year 10000", timestamp(253402300800n)],
  ["the year 0", timestamp(-62135596801n)],
  ["the last second of 64 bits", timestamp(2n ** 63n - 1n)],
  ["negative nanoseconds", timestamp(4102444800n, -1)],
  ["a second of nanoseconds", timestamp(4102444800n, 1_000_000_000)],
];

describe("a bound that is the date of an event", () => {
  it("leaves out that event, in both directions, and in a range at both ends", async () => {
    const { admin, users, headers } = connect();
    const call = { headers };
    const userId = "named";
    // Three events in one transaction.
    const put = { userId, state: UserState.LOCKED, aliases: ["named"] };
    await users.putUser(put, call);
    const list = (
      creationDateFilter: NonNullable<
        Parameters<typeof admin.listEvents>[0]["creationDateFilter"]
      >,
      asc = true,
    ) =>
      admin
        .listEvents({ aggregateId: userId, asc, creationDateFilter }, call)
        .then(({ events }) => events.map(({ sequence }) => Number(sequence)));
    const { events } = await admin.listEvents(
      { aggregateId: userId, asc: true },
      call,
    );
    const dates = events.map(({ creationDate }) => creationDate ?? {});
    expect(dates).toHaveLength(3);
    const [since = {}, value = {}, until = {}] = dates;
    expect({
      ascending: await list({ case: "from", value }),
      descending: await list({ case: "from", value }, false),
      range: await list({ case: "range", value: { since, until } }),
    }).toEqual({ ascending: [3], descending: [1], range: [2] });
  });
});

describe("a bound between two milliseconds", () => {
  it.each([1, 400_000, 999_999])(
    "is after what happened %i nanoseconds before",
    async (nanos) => {
      const { admin, attempts, users, headers } = connect();
      const userId = `late-${nanos}`;
      const call = { headers };
      await users.putUser({ userId, state: UserState.LOCKED }, call);
      const lock = { aggregateId: userId, eventTypes: ["user.locked"] };
      const { events } = await admin.listEvents(lock, call);
      const [{ creationDate } = {}] = events;
      const { lockTime } = await attempts.getLockout({ userId }, call);
      if (creationDate === undefined || lockTime === undefined) {
        throw new Error("an event has a date, and a lock a time");
      }
      const bound = after(creationDate, nanos);
      const count = async (
        filter: Parameters<typeof admin.listEvents>[0],
      ): Promise<number> =>
        (await admin.listEvents({ ...lock, ...filter }, call)).events.length;
      const range = (value: { since?: Timestamp; until?: Timestamp }) =>
        count({ creationDateFilter: { case: "range", value } });
      const from = (asc: boolean) =>
        count({ asc, creationDateFilter: { case: "from", value: bound } });
      expect({
        since: await range({ since: bound }),
        until: await range({ until: bound }),
        ascending: await from(true),
        descending: await from(false),
      }).toEqual({ since: 0, until: 1, ascending: 0, descending: 1 });
      const lockedSince = async (since: Timestamp) =>
        (await attempts.listLockedUsers({ since }, call)).users.map(
          (user) => user.userId,
        );
      expect(await lockedSince(lockTime)).toContain(userId);
      expect(await lockedSince(after(lockTime, nanos))).not.toContain(userId);
    },
  );
});

describe("a time that no Timestamp may have", () => {
  it.each(invalid)("%s: INVALID_ARGUMENT", async (_name, time) => {
    const { access, admin, attempts, headers } = connect();
    const call = { headers };
    const refusal = {
      code: Code.InvalidArgument,
      rawMessage: expect.stringContaining("LOCKOUTD-tim01") as string,
    };
    await expect(
      access.createToken({ roles: ["ORG_OWNER"], expireTime: time }, call),
    ).rejects.toMatchObject(refusal);
    await expect(
      admin.listEvents(
        { creationDateFilter: { case: "range", value: { since: time } } },
        call,
      ),
    ).rejects.toMatchObject(refusal);
    await expect(
      attempts.listLockedUsers({ since: time }, call),
    ).rejects.toMatchObject(refusal);
  });
});

describe("the expiry of a token", () => {
  it("may be the last nanosecond there is, and tokens can be listed as JSON", async () => {
    const { access, headers } = connect();
    const call = { headers };
    const last = timestamp(253402300799n, 999_999_999);
    const { token } = await access.createToken(
      { name: "for ever", roles: ["ORG_OWNER"], expireTime: last },
      call,
    );
    expect(token?.expireTime).toEqual(timestampFromMs(253402300799_999));
    const json = createClient(
      AccessService,
      createConnectTransport({ baseUrl: server.url, httpVersion: "1.1" }),
    );
    const { tokens } = await json.listTokens({}, call);
    expect(tokens.map(({ name }) => name)).toContain("for ever");
  });
});
