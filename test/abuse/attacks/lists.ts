import { setTimeout as delay } from "node:timers/promises";
import type { Attack, Target } from "../attack.ts";
import { frame, frameType } from "../../http/raw-http2.ts";
import { callBlock, openHttp2, streamFrames } from "../wire/http2.ts";
import { bearer, request } from "../wire/http1.ts";
import { json, leaveUnread, repeat } from "../wire/load.ts";
import { atOnce, Span } from "../wire/pace.ts";
import { openClient } from "../wire/rest.ts";
import { writeLargeEvents } from "../write-large-events.ts";

/** 1,000 users with as many and as long aliases as they may have. */
async function registerLargeUsers(target: Target): Promise<void> {
  const client = openClient(target);
  let aliases = 100;
  for (let user = 0; user < 1000; user += 1) {
    const put = () =>
      client.call("PUT", `/lockout/v1/users/large-${user}`, {
        aliases: Array.from({ length: aliases }, (_, index) =>
          `${user}-${index}-`.padEnd(200, "x"),
        ),
        state: "USER_STATE_ACTIVE",
      });
    while ((await put()).status !== 200 && aliases > 1) {
      aliases = Math.floor(aliases / 2);
    }
  }
  client.close();
}

export const userPages: Attack = {
  name: "user-pages",
  what: "ListUsers with a page of 1,000 users that have as many aliases of 200 characters as they may, up to 100, 40 at once.",
  role: "ORG_USER_MANAGER",
  prepare: registerLargeUsers,
  run: (target, tally) =>
    repeat(target, tally, 40, () =>
      request("GET", "/lockout/v1/users?pageSize=1000", bearer(target.token)),
    ),
};

export const unreadUserPages: Attack = {
  name: "unread-user-pages",
  what: "The same on 300 connections that read nothing.",
  role: "ORG_USER_MANAGER",
  prepare: registerLargeUsers,
  run: (target, tally) =>
    leaveUnread(target, tally, 300, () =>
      request("GET", "/lockout/v1/users?pageSize=1000", bearer(target.token)),
    ),
};

export const eventPages: Attack = {
  name: "event-pages",
  what: "ListEvents with a limit of 1,000 over events with user agents and devices of 4 kB, 50 at once over REST.",
  role: "IAM_OWNER_VIEWER",
  prepare: (target) => writeLargeEvents(target, 1000),
  run: (target, tally) =>
    repeat(target, tally, 50, () =>
      request(
        "POST",
        "/admin/v1/events/_search",
        bearer(target.token),
        json({ limit: 1000 }),
      ),
    ),
};

export const unreadEventPages: Attack = {
  name: "unread-event-pages",
  what: "The same on 200 connections that read nothing.",
  role: "IAM_OWNER_VIEWER",
  prepare: (target) => writeLargeEvents(target, 1000),
  run: (target, tally) =>
    leaveUnread(target, tally, 200, () =>
      request(
        "POST",
        "/admin/v1/events/_search",
        bearer(target.token),
        json({ limit: 1000 }),
      ),
    ),
};

export const eventFilters: Attack = {
  name: "event-filters",
  what: "ListEvents with 250 kB of types and aggregates to look for, 8 at once.",
  role: "IAM_OWNER_VIEWER",
  prepare: (target) => writeLargeEvents(target, 200),
  run: (target, tally) => {
    const many = Array.from(
      { length: 5000 },
      (_, index) => `no.such.type.${index}`,
    );
    return repeat(target, tally, 8, () =>
      request(
        "POST",
        "/admin/v1/events/_search",
        bearer(target.token),
        json({ limit: 1000, eventTypes: many, aggregateTypes: many }),
      ),
    );
  },
};

export const accessLists: Attack = {
  name: "access-lists",
  what: "Lists of 1,000 organisations and 1,000 tokens with names of 200 characters, 50 at once.",
  role: "IAM_OWNER_VIEWER",
  prepare: async (target) => {
    const client = openClient({ ...target, token: target.adminToken });
    await atOnce(8, async (lane) => {
      for (let at = lane; at < 1000; at += 8) {
        const name = `${at}`
          .padEnd(200, "\u{1f512}")
          .slice(0, 200)
          .toWellFormed();
        await client.call("POST", "/lockout/v1/organizations", { name });
        await client.call("POST", "/lockout/v1/tokens", {
          name,
          roles: ["ORG_OWNER_VIEWER"],
        });
      }
    });
    client.close();
  },
  run: (target, tally) =>
    repeat(target, tally, 50, (index) => {
      const path = index % 2 === 0 ? "organizations" : "tokens";
      return request("GET", `/lockout/v1/${path}`, bearer(target.token));
    }),
};

export const lockedPages: Attack = {
  name: "locked-pages",
  what: "ListLockedUsers with a page of 1,000, 40 at once.",
  role: "ORG_USER_MANAGER",
  prepare: async (target) => {
    const client = openClient({ ...target, token: target.adminToken });
    await atOnce(8, async (lane) => {
      for (let at = lane; at < 1000; at += 8) {
        const user = `locked-${at}`;
        await client.must("PUT", `/lockout/v1/users/${user}`, {
          state: "USER_STATE_ACTIVE",
        });
        await client.must("POST", `/management/v1/users/${user}/_lock`, {});
      }
    });
    client.close();
  },
  run: (target, tally) =>
    repeat(target, tally, 40, () =>
      request(
        "GET",
        "/lockout/v1/lockedUsers?pageSize=1000",
        bearer(target.token),
      ),
    ),
};

export const drippedEventPages: Attack = {
  name: "dripped-event-pages",
  what: "ListEvents with a limit of 1,000 on 50 streams of each of 6 connections, whose windows grow by a byte now and then.",
  role: "IAM_OWNER_VIEWER",
  prepare: (target) => writeLargeEvents(target, 1000),
  run: async (target, tally) => {
    const span = new Span(target);
    const block = callBlock("/admin/v1/events/_search", bearer(target.token));
    const one = Buffer.of(0, 0, 0, 1);
    await atOnce(6, async () => {
      const connection = await openHttp2(target, tally, { window: 0 });
      const streams = Array.from({ length: 50 }, () => connection.next());
      for (const stream of streams) {
        connection.write(streamFrames(stream, block, json({ limit: 1000 })));
      }
      while (!span.over && connection.socket.writable) {
        connection.write(
          ...streams.map((stream) =>
            frame(frameType.windowUpdate, 0, stream, one),
          ),
        );
        await delay(100);
      }
    });
    await span.rest();
    return undefined;
  },
};
