import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import type { ListEventsRequestSchema } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import type { Event } from "../../gen/zitadel/event_pb.js";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

// Whatever a list asks for, its pages, each behind the last event of the one before, are the list. Some of the events were written while the clock
// was behind.

type Request = Exclude<
  MessageInitShape<typeof ListEventsRequestSchema>,
  { readonly $typeName: string }
>;

let server: TestServer;
let admin: ReturnType<typeof createClient<typeof AdminService>>;
let call: { readonly headers: Record<string, string> };
let all: readonly Event[];

const users = Array.from("abcdefghij");

beforeAll(async () => {
  server = await startTestServer();
  call = { headers: { authorization: `Bearer ${server.adminToken}` } };
  const transport = createGrpcTransport({ baseUrl: server.url });
  admin = createClient(AdminService, transport);
  const attempts = createClient(AttemptService, transport);
  const management = createClient(ManagementService, transport);
  await admin.updateLockoutPolicy(
    { maxPasswordAttempts: 2, maxOtpAttempts: 2 },
    call,
  );
  for (const steps of [0, 60_000, -120_000, 30_000, 90_000]) {
    server.advance(steps);
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const id = users[index % users.length] ?? "";
        const guess = {
          subject: { case: "userId", value: id } as const,
          ...{ factor: Factor.PASSWORD, outcome: Outcome.FAILED },
        };
        await attempts.reportAttempt(guess, call);
        await attempts.reportAttempt(guess, call);
        await management.unlockUser({ id }, call).catch(() => undefined);
      }),
    );
  }
  const { events } = await admin.listEvents({ asc: true }, call);
  all = events;
});

afterAll(() => server.close());

const fields = ({ aggregate, sequence }: Event) =>
  `${aggregate?.resourceOwner} ${aggregate?.id} ${sequence}`;

const cursors = {
  from: (last: Event): Request => ({
    creationDateFilter: { case: "from", value: last.creationDate ?? {} },
  }),
  creationDate: (last: Event): Request => ({
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- clients of before `from` still send it
    creationDate: last.creationDate ?? {},
  }),
  range: (last: Event, asc: boolean): Request => ({
    creationDateFilter: {
      case: "range",
      value: { [asc ? "since" : "until"]: last.creationDate ?? {} },
    },
  }),
  sequence: ({ sequence }: Event): Request => ({ sequence }),
};

const isAny = (wanted: readonly string[], value: string | undefined) =>
  wanted.length === 0 || wanted.includes(value ?? "");

it("pages of a list are the list, whatever the cursor, the order and the filter", async () => {
  expect(all.length).toBeGreaterThan(100);
  const filters = fc.record({
    asc: fc.boolean(),
    eventTypes: fc.subarray([
      "user.locked",
      "user.unlocked",
      "user.human.password.check.failed",
    ]),
    aggregateTypes: fc.subarray(["user", "org", "instance"]),
    aggregateId: fc.constantFrom("", ...users),
  });
  const limits = fc.integer({ min: 1, max: 40 });
  const names = fc.constantFrom(
    ...(Object.keys(cursors) as (keyof typeof cursors)[]),
  );
  await fc.assert(
    fc.asyncProperty(filters, limits, names, async (filter, limit, cursor) => {
      // A sequence is one of an aggregate.
      const aggregateId =
        cursor === "sequence" && filter.aggregateId === ""
          ? "a"
          : filter.aggregateId;
      const request = { ...filter, aggregateId };
      const list = all.filter(
        ({ aggregate, type }) =>
          isAny(filter.eventTypes, type?.type) &&
          isAny(filter.aggregateTypes, aggregate?.type?.type) &&
          (aggregateId === "" || aggregateId === aggregate?.id),
      );
      const found: Event[] = [];
      for (let behind: Request = {}; ;) {
        const { events } = await admin.listEvents(
          { ...request, limit, ...behind },
          call,
        );
        found.push(...events);
        const last = events.at(-1);
        if (last === undefined) {
          break;
        }
        behind = cursors[cursor](last, filter.asc);
      }
      expect(found.map(fields)).toEqual(
        (filter.asc ? list : list.toReversed()).map(fields),
      );
    }),
    { numRuns: 60 },
  );
});
