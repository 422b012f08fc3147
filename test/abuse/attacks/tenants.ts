import { gzipSync } from "node:zlib";
import { GrpcConnection } from "../../../bench/attempts/drivers/grpc-connection.ts";
import type { Attack, Target } from "../attack.ts";
import type { Tally } from "../tally.ts";
import { openSession, sendGrpc } from "../wire/grpc.ts";
import { bearer, openRead, request } from "../wire/http1.ts";
import { createVariants, field, gzipped } from "../wire/messages.ts";
import { atOnce, flood, Span } from "../wire/pace.ts";
import { openClient } from "../wire/rest.ts";

const settings = "/zitadel.settings.v2.SettingsService/GetLockoutSettings";

/** Sends a request on each of so many connections, again when the response to the last one begins. */
async function repeat(
  target: Target,
  tally: Tally,
  connections: number,
  asked: (connection: number) => Buffer,
): Promise<undefined> {
  const span = new Span(target);
  await atOnce(connections, async (index) => {
    const socket = await openRead(target, tally);
    const one = asked(index);
    socket.on("data", (chunk: Buffer) => {
      const begins = chunk.subarray(0, 9).toString() === "HTTP/1.1 ";
      if (begins && !span.over && socket.writable) socket.write(one);
    });
    socket.write(one);
  });
  await span.rest();
}

/** Sends the same without waiting for responses, on connections that are opened anew. */
async function floodAll(
  target: Target,
  tally: Tally,
  connections: number,
  next: () => Buffer,
): Promise<undefined> {
  const span = new Span(target);
  await atOnce(connections, async () => {
    while (!span.over) {
      const socket = await openRead(target, tally);
      await flood(socket, next, span);
    }
  });
}

const json = (body: unknown) => Buffer.from(JSON.stringify(body));

export const longOrganizations: Attack = {
  name: "long-organizations",
  what: "510 GetLockoutSettings, each with another id of an organisation of 4 MiB, compressed to 4 kB.",
  role: "ORG_OWNER_VIEWER",
  run: async (target, tally) => {
    const span = new Span(target);
    const variant = createVariants((text) => field(1, field(1, text)));
    let sent = 0;
    await atOnce(6, async (lane) => {
      const session = openSession(target);
      await atOnce(5, async (stream) => {
        for (let count = 0; count < 17 && !span.over; count += 1) {
          const framed = variant(`${lane}-${stream}-${count}`);
          sent += framed.length;
          const ended = await sendGrpc(
            session,
            settings,
            target.token,
            framed,
          ).then(({ status }) => `gRPC status ${status}`, String);
          tally.count(ended);
        }
      });
      session.destroy();
    });
    tally.send(sent);
    await span.rest();
    return undefined;
  },
};

export const manyOrganizations: Attack = {
  name: "many-organizations",
  what: "GetLockoutSettings with another id of 200 characters each, without a pause, 64 at once on each of 2 connections.",
  role: "ORG_OWNER_VIEWER",
  run: async (target, tally) => {
    const span = new Span(target);
    let said = 0;
    await atOnce(2, async () => {
      const connection = await GrpcConnection.open({
        ...target,
        paths: [settings],
      });
      await atOnce(64, async () => {
        while (!span.over) {
          said += 1;
          const id = `${said}`.padEnd(200, "x");
          await connection
            .call(0, field(1, field(1, id)))
            .catch(() => undefined);
        }
      });
      tally.send(connection.sentBytes);
      connection.close();
    });
    tally.count(`organisations: ${said}`);
    return undefined;
  },
};

export const userPages: Attack = {
  name: "user-pages",
  what: "ListUsers with a page of 1,000 users that have as many aliases of 200 characters as they may, up to 100, 40 at once.",
  role: "ORG_USER_MANAGER",
  prepare: async (target) => {
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
      while ((await put()).status !== 200 && aliases > 1)
        aliases = Math.floor(aliases / 2);
    }
    client.close();
  },
  run: (target, tally) =>
    repeat(target, tally, 40, () =>
      request("GET", "/lockout/v1/users?pageSize=1000", bearer(target.token)),
    ),
};

export const largeUsers: Attack = {
  name: "large-users",
  what: "PutUser with 250 kB of aliases, new ones each time, 16 at once.",
  role: "ORG_USER_MANAGER",
  run: (target, tally) => {
    let turn = 0;
    return repeat(target, tally, 16, (connection) => {
      turn += 1;
      const aliases = Array.from({ length: 1200 }, (_, index) =>
        `${connection}-${turn}-${index}-`.padEnd(195, "y"),
      );
      return request(
        "PUT",
        `/lockout/v1/users/huge-${connection}`,
        bearer(target.token),
        json({ aliases, state: "USER_STATE_ACTIVE" }),
      );
    });
  },
};

const watchEvents = "/lockout.v1.AttemptService/WatchEvents";

function eventTypes(count: number): Buffer {
  const types = Array.from({ length: count }, (_, index) =>
    field(2, `no.such.event.${index}`.padEnd(50, "x")),
  );
  return Buffer.concat(types);
}

/** Keeps calls of WatchEvents open. */
async function keepWatches(
  target: Target,
  tally: Tally,
  connections: number,
  streams: number,
  { framed, window = 65_535 }: { framed: Buffer; window?: number },
): Promise<undefined> {
  const span = new Span(target);
  await atOnce(connections, async () => {
    const session = openSession(target, { initialWindowSize: window });
    tally.send(framed.length * streams);
    await atOnce(streams, async () => {
      const watching = sendGrpc(session, watchEvents, target.token, framed);
      const ended = watching.then(
        ({ status }) => `gRPC status ${status}`,
        String,
      );
      const open = span.rest().then(() => "open");
      tally.count(await Promise.race([ended, open]));
    });
    session.destroy();
  });
}

export const watchedTypes: Attack = {
  name: "watched-types",
  what: "Ten watches for 53,000 types of events each, 2.9 MB, while users log in.",
  role: "IAM_OWNER_VIEWER",
  run: (target, tally) =>
    keepWatches(target, tally, 1, 10, { framed: gzipped(eventTypes(53_000)) }),
};

export const fewerWatchedTypes: Attack = {
  name: "fewer-watched-types",
  what: "100 watches for 4,500 types of events each, 240 kB, while users log in.",
  role: "IAM_OWNER_VIEWER",
  run: (target, tally) =>
    keepWatches(target, tally, 1, 100, { framed: gzipped(eventTypes(4500)) }),
};

export const manyEventWatches: Attack = {
  name: "many-event-watches",
  what: "1,000 watches of all events by one token, while users log in.",
  role: "IAM_OWNER_VIEWER",
  run: (target, tally) =>
    keepWatches(target, tally, 10, 100, { framed: gzipped(Buffer.alloc(0)) }),
};

/** Writes so many events that hold as much text as a caller can give. */
async function writeLargeEvents(target: Target, count: number): Promise<void> {
  const client = openClient({ ...target, token: target.adminToken });
  const text = "\u{1f512}".repeat(1000);
  await atOnce(8, async (lane) => {
    for (let at = lane; at < count; at += 8) {
      await client.must("POST", "/lockout/v1/attempts:report", {
        userId: `eventful-${at}`,
        factor: "FACTOR_PASSWORD",
        outcome: "OUTCOME_FAILED",
        client: { userAgent: text, device: text },
      });
    }
  });
  client.close();
}

export const unreadWatches: Attack = {
  name: "unread-watches",
  what: "WatchEvents from the first event on, with 1,000 large ones, on 50 streams with windows of 0 on each of 4 connections.",
  role: "IAM_OWNER_VIEWER",
  prepare: (target) => writeLargeEvents(target, 1000),
  run: (target, tally) =>
    keepWatches(target, tally, 4, 50, {
      framed: gzipped(field(1, "0")),
      window: 0,
    }),
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
  run: async (target, tally) => {
    const span = new Span(target);
    const asked = request(
      "POST",
      "/admin/v1/events/_search",
      bearer(target.token),
      json({ limit: 1000 }),
    );
    await atOnce(200, async () => {
      const socket = await openRead(target, tally);
      socket.pause().write(asked);
    });
    await span.rest();
    return undefined;
  },
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

export const deepJson: Attack = {
  name: "deep-json",
  what: "JSON of 80,000 objects or arrays within each other, by REST and by Connect, on 8 connections.",
  role: "ORG_OWNER",
  run: (target, tally) => {
    const deep = [
      '{"client":'.repeat(20_000),
      "[".repeat(200_000),
      '{"a":'.repeat(40_000),
      `{"aliases":${"[".repeat(80_000)}`,
    ];
    const asked = deep.flatMap((text) =>
      ["/lockout/v1/attempts", "/lockout.v1.AttemptService/BeginAttempt"].map(
        (path) =>
          request("POST", path, bearer(target.token), Buffer.from(text)),
      ),
    );
    return repeat(
      target,
      tally,
      8,
      (index) => asked[index % asked.length] ?? Buffer.alloc(0),
    );
  },
};

export const wideJson: Attack = {
  name: "wide-json",
  what: "JSON of 240 kB with as many small values, numbers and escapes as fit, by REST and by Connect, on 8 connections.",
  role: "ORG_USER_MANAGER",
  run: (target, tally) => {
    const wide = [
      `{"aliases":[${Array(80_000).fill('""').join()}]}`,
      `{"aliases":["${"\\u0041".repeat(40_000)}"]}`,
      `{${Array.from({ length: 20_000 }, (_, index) => `"x${index}":1`).join()}}`,
      `{"aliases":${"9".repeat(240_000)}}`,
    ];
    const asked = wide.flatMap((text) => [
      request(
        "PUT",
        "/lockout/v1/users/wide",
        bearer(target.token),
        Buffer.from(text),
      ),
      request(
        "POST",
        "/lockout.v1.UserService/PutUser",
        bearer(target.token),
        Buffer.from(text),
      ),
    ]);
    return repeat(
      target,
      tally,
      8,
      (index) => asked[index % asked.length] ?? Buffer.alloc(0),
    );
  },
};

export const largeJson: Attack = {
  name: "large-json",
  what: "JSON that unpacks to 4 MiB, by REST and by Connect, on 16 connections.",
  role: "ORG_USER_MANAGER",
  run: (target, tally) => {
    const body = gzipSync(
      `{"aliases":[${Array(1_390_000).fill('""').join()}]}`,
    );
    const headers = { ...bearer(target.token), "content-encoding": "gzip" };
    const asked = [
      request("PUT", "/lockout/v1/users/wide", headers, body),
      request("POST", "/lockout.v1.UserService/PutUser", headers, body),
    ];
    return repeat(
      target,
      tally,
      16,
      (index) => asked[index % asked.length] ?? Buffer.alloc(0),
    );
  },
};

export const queryParameters: Attack = {
  name: "query-parameters",
  what: "Queries of 256 parameters, of deep names, and of 8 kB of escapes, without a pause, on 8 connections.",
  role: "ORG_OWNER_VIEWER",
  run: (target, tally) => {
    const queries = [
      Array(256).fill("ctx.orgId=a").join("&"),
      Array(250).fill("ctx.a.b.c.d.e.f=1").join("&"),
      `ctx.orgId=${"%41".repeat(2600)}`,
      "&".repeat(8000),
      `${"a.".repeat(3900)}=1`,
    ];
    const all = Buffer.concat(
      queries.map((query) =>
        request("GET", `/v2/settings/lockout?${query}`, bearer(target.token)),
      ),
    );
    return floodAll(target, tally, 8, () => all);
  },
};

export const connectGets: Attack = {
  name: "connect-gets",
  what: "Connect by GET with messages of 8 kB and with ones that unpack to 4 MiB, without a pause, on 8 connections.",
  role: "ORG_OWNER_VIEWER",
  run: (target, tally) => {
    const unpacked = gzipSync(
      field(1, field(1, Buffer.alloc(4 * 1024 * 1024 - 100, "a"))),
    ).toString("base64url");
    const queries = [
      `encoding=json&message=${encodeURIComponent(JSON.stringify({ ctx: { orgId: "a".repeat(7800) } }))}`,
      `encoding=proto&base64=1&compression=gzip&message=${unpacked}`,
      `encoding=json&message=${"%5B".repeat(2600)}`,
    ];
    const all = Buffer.concat(
      queries.map((query) =>
        request("GET", `${settings}?connect=v1&${query}`, bearer(target.token)),
      ),
    );
    return floodAll(target, tally, 8, () => all);
  },
};

export const invalidText: Attack = {
  name: "invalid-text",
  what: "Texts that are no UTF-8, in protobuf and JSON, up to 250 kB, on 8 connections.",
  role: "ORG_OWNER",
  run: (target, tally) => {
    const bad = Buffer.alloc(250_000, 0xff);
    const path = "/lockout.v1.AttemptService/BeginAttempt";
    const asked = [
      request(
        "POST",
        path,
        bearer(target.token, "application/proto"),
        field(2, bad),
      ),
      request(
        "POST",
        path,
        bearer(target.token),
        Buffer.concat([Buffer.from('{"loginName":"'), bad, Buffer.from('"}')]),
      ),
      request(
        "POST",
        "/lockout/v1/attempts",
        bearer(target.token),
        Buffer.from(`{"loginName":"${"\\ud800".repeat(40_000)}"}`),
      ),
    ];
    return repeat(
      target,
      tally,
      8,
      (index) => asked[index % asked.length] ?? Buffer.alloc(0),
    );
  },
};
