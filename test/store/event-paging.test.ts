import type { MessageInitShape } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, it } from "vitest";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import type { ListEventsRequestSchema } from "../../gen/zitadel/admin_pb.js";
import type { Event } from "../../gen/zitadel/event_pb.js";
import { defaultConfig } from "../../src/config.ts";
import { reportAttempt } from "../../src/lockout/attempt/attempt.ts";
import { addOrgPolicy } from "../../src/lockout/policy/policy.ts";
import { unlockUser } from "../../src/lockout/user/unlock.ts";
import { startServer } from "../../src/server.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { usePostgres } from "../support/use-postgres.ts";

// 10,000 events that were written by many at once, of which those of a lock share their transaction, are listed page by page, by
// each of the cursors that ListEvents has, either way: nothing is lost, and nothing comes twice.

const orgId = "300000000000000001";
const users = 60;
const wanted = 10_000;
const atOnce = 40;
const pageSize = 100;
const adminToken = "the-token-of-who-reads-the-events-of-all";

type Request = Exclude<
  MessageInitShape<typeof ListEventsRequestSchema>,
  { readonly $typeName: string }
>;

/** Users of one's own are locked and unlocked, over and over. */
async function write(store: Store, node: number, events: number) {
  const api = { version: "v2", authorise: () => undefined } as const;
  let left = events;
  const writeOn = async (writer: number) => {
    for (let index = writer; left > 0; index += atOnce) {
      left -= 3;
      const userId = `${node}-${index % users}-${writer}`;
      const key = { orgId, userId };
      await store.reportAttempt({ kind: "user", ...key }, "e", (view) =>
        reportAttempt(view, "password", {}, "failed"),
      );
      await store.changeUser(key, "e", unlockUser(api));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, i) => writeOn(i)));
}

async function fill(stores: readonly Store[]): Promise<void> {
  await stores[0]?.changePolicy(
    { kind: "org", orgId },
    "e",
    addOrgPolicy(orgId, { maxPasswordAttempts: 1, maxOtpAttempts: 1 }),
  );
  await Promise.all(
    stores.map((store, node) => write(store, node, wanted / stores.length)),
  );
}

async function expectPages(url: string): Promise<void> {
  const store = await openStore(url, { exclusive: false });
  const all = await store.listEvents({ ascending: true, limit: 1_000_000 });
  await store.close();
  expect(all.length).toBeGreaterThanOrEqual(wanted);
  const server = await startServer({
    ...defaultConfig,
    listen: { host: "127.0.0.1", port: 0 },
    ...{ database: url, logLevel: "silent", adminToken },
  });
  const { listEvents } = createClient(
    AdminService,
    createGrpcTransport({ baseUrl: server.url }),
  );
  const headers = { authorization: `Bearer ${adminToken}` };
  /** All pages, one after the other, each behind the last event of the one before. */
  const pages = async (
    request: Request,
    behind: (last: Event) => Request,
  ): Promise<readonly Event[]> => {
    const found: Event[] = [];
    for (let cursor: Request = {}; ;) {
      const { events } = await listEvents(
        {
          ...{ limit: pageSize, ...request, ...cursor },
        },
        { headers },
      );
      found.push(...events);
      const last = events.at(-1);
      if (last === undefined) {
        return found;
      }
      cursor = behind(last);
    }
  };
  const name = (event: Event) =>
    `${event.aggregate?.type?.type} ${event.aggregate?.id} ${event.sequence}`;
  const names = all.map(
    (event) => `${event.aggregateType} ${event.aggregateId} ${event.sequence}`,
  );
  const from = (last: Event): Request => ({
    creationDateFilter: { case: "from", value: last.creationDate ?? {} },
  });
  const cursors: Readonly<Record<string, (asc: boolean) => typeof from>> = {
    from: () => from,
    creationDate: () => (last) => ({
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- clients of before `from` still send it
      creationDate: last.creationDate ?? {},
    }),
    range: (asc) => (last) => ({
      creationDateFilter: {
        case: "range",
        value: { [asc ? "since" : "until"]: last.creationDate ?? {} },
      },
    }),
  };
  try {
    for (const asc of [true, false]) {
      // The first start has written some more, of other organisations.
      const request = { asc, resourceOwner: orgId };
      for (const [cursor, behind] of Object.entries(cursors)) {
        const found = (await pages(request, behind(asc))).map(name);
        expect(found.toSorted(), `${cursor} ${asc}`).toEqual(names.toSorted());
        expect(found).toEqual(asc ? names : names.toReversed());
      }
      const aggregateId = "0-1-1";
      const own = all.filter((event) => event.aggregateId === aggregateId);
      const found = await pages(
        { ...request, aggregateId, limit: 7 },
        ({ sequence }) => ({ sequence }),
      );
      expect(found.map(({ sequence }) => Number(sequence))).toEqual(
        (asc ? own : own.toReversed()).map(({ sequence }) => sequence),
      );
    }
  } finally {
    await server.close();
  }
}

describe("10,000 events", () => {
  it("of many writers at once, on SQLite", async () => {
    const directory = await makeTempDir();
    const url = `sqlite:${directory.file("lockoutd.db")}`;
    const store = await openStore(url, { exclusive: true });
    await fill([store]);
    await store.close();
    await expectPages(url);
    await directory.remove();
  });

  const postgres = usePostgres();
  it("of three nodes at once, on PostgreSQL", async () => {
    const { url, drop } = await postgres.createMigrated();
    const stores: Store[] = [];
    for (let node = 0; node < 3; node += 1) {
      stores.push(await openStore(url, { exclusive: true }));
    }
    await fill(stores);
    for (const store of stores) {
      await store.close();
    }
    await expectPages(url);
    await drop();
  });
});
