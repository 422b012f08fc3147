import { Code, ConnectError, createClient } from "@connectrpc/connect";
import type { Client, Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AttemptService } from "../../gen/lockout/v1/attempt_service_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { setStage } from "./stage.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

/** An event as it was watched. */
interface Watched {
  readonly position: string;
  readonly type: string;
  readonly org: string;
}

interface WatchOptions {
  readonly after?: string;
  readonly eventTypes?: readonly string[];
  /** Called when the header of the answer has come. */
  readonly onHeader?: () => void;
}

/** Watches until it is told to end. */
type Watch = (
  options: WatchOptions,
  signal: AbortSignal,
) => AsyncIterable<Watched>;

const rpcs: readonly (readonly [string, (baseUrl: string) => Transport])[] = [
  ["gRPC", (baseUrl) => createGrpcTransport({ baseUrl })],
  [
    "gRPC-Web",
    (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
  ],
  [
    "Connect",
    (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" }),
  ],
];

function watchByRpc(transport: Transport): Watch {
  return async function* ({ onHeader, after = "", eventTypes = [] }, signal) {
    const stream = createClient(AttemptService, transport).watchEvents(
      { after, eventTypes: [...eventTypes] },
      {
        headers: authorization(),
        signal,
        ...(onHeader !== undefined && { onHeader }),
      },
    );
    for await (const { position, event } of stream) {
      yield {
        position,
        type: event?.type?.type ?? "",
        org: event?.aggregate?.resourceOwner ?? "",
      };
    }
  };
}

function watchByRest(accept: string, parse: (line: string) => unknown): Watch {
  return async function* (options, signal) {
    const query = new URLSearchParams();
    if (options.after !== undefined) query.set("after", options.after);
    for (const type of options.eventTypes ?? []) {
      query.append("eventTypes", type);
    }
    const response = await fetch(
      `${server.url}/lockout/v1/events:watch?${query.toString()}`,
      { headers: { ...authorization(), accept }, signal },
    );
    expect(response.headers.get("content-type")).toContain(accept);
    options.onHeader?.();
    for await (const line of linesOf(response)) {
      const message = parse(line) as
        | {
            position: string;
            event: {
              type: { type: string };
              aggregate: { resourceOwner: string };
            };
          }
        | undefined;
      if (message === undefined) continue;
      yield {
        position: message.position,
        type: message.event.type.type,
        org: message.event.aggregate.resourceOwner,
      };
    }
  };
}

async function* linesOf({ body }: Response): AsyncGenerator<string> {
  if (body === null) throw new Error("the answer has no body");
  let rest = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line !== "");
  }
}

function authorization() {
  return { authorization: `Bearer ${server.adminToken}` };
}

const doors: readonly (readonly [string, () => Watch])[] = [
  ...rpcs.map(
    ([name, open]) => [name, () => watchByRpc(open(server.url))] as const,
  ),
  [
    "NDJSON",
    () => watchByRest("application/x-ndjson", (line) => JSON.parse(line)),
  ],
  [
    "SSE",
    () =>
      watchByRest("text/event-stream", (line) =>
        line.startsWith("data:") ? JSON.parse(line.slice(5)) : undefined,
      ),
  ],
];

/** Takes some items of a watch, then ends it. */
async function take(
  watch: Watch,
  options: WatchOptions,
  count: number,
  isWanted: (event: Watched) => boolean,
): Promise<readonly Watched[]> {
  const stop = new AbortController();
  const taken: Watched[] = [];
  try {
    for await (const event of watch(options, stop.signal)) {
      if (isWanted(event)) taken.push(event);
      if (taken.length === count) break;
    }
  } finally {
    stop.abort();
  }
  return taken;
}

describe.each(doors)("WatchEvents by %s", (_name, openDoor) => {
  it("sends what is written, and resumes from a position without a gap or a repeat", async () => {
    const { orgId, orgOwner } = await setStage(server);
    const management: Client<typeof ManagementService> = createClient(
      ManagementService,
      createGrpcTransport({ baseUrl: server.url }),
    );
    const headers = { headers: { authorization: `Bearer ${orgOwner}` } };
    const isOurs = ({ org }: Watched) => org === orgId;
    const watch = openDoor();

    const writing = (async () => {
      for (let limit = 1; limit <= 40; limit += 1) {
        const limits = { maxPasswordAttempts: limit };
        await (limit === 1
          ? management.addCustomLockoutPolicy(limits, headers)
          : management.updateCustomLockoutPolicy(limits, headers));
      }
      await management.resetLockoutPolicyToDefault({}, headers);
    })();

    // Three watchers after another, each from where the one before ended, while it is written.
    const first = await take(watch, { after: "0" }, 10, isOurs);
    const second = await take(
      watch,
      { after: first.at(-1)?.position ?? "" },
      20,
      isOurs,
    );
    const third = await take(
      watch,
      { after: second.at(-1)?.position ?? "" },
      11,
      isOurs,
    );
    await writing;
    const all = [...first, ...second, ...third];
    expect(all.map(({ type }) => type)).toEqual([
      "org.policy.lockout.added",
      ...Array.from({ length: 39 }, () => "org.policy.lockout.changed"),
      "org.policy.lockout.removed",
    ]);
    const positions = all.map(({ position }) => Number(position));
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    expect(new Set(positions).size).toBe(41);

    const removed = await take(
      watch,
      { after: "0", eventTypes: ["org.policy.lockout.removed"] },
      1,
      isOurs,
    );
    expect(removed).toEqual(third.slice(-1));
  });

  it("from now: the header comes at once, and what is written after it is sent", async () => {
    const { orgId, orgOwner } = await setStage(server);
    const header = Promise.withResolvers<undefined>();
    const watching = take(
      openDoor(),
      {
        onHeader: () => {
          header.resolve(undefined);
        },
      },
      1,
      () => true,
    );
    await header.promise;
    await createClient(
      ManagementService,
      createGrpcTransport({ baseUrl: server.url }),
    ).addCustomLockoutPolicy(
      {},
      { headers: { authorization: `Bearer ${orgOwner}` } },
    );
    expect(await watching).toMatchObject([
      { type: "org.policy.lockout.added", org: orgId },
    ]);
  });
});

describe("WatchEvents", () => {
  it("refuses a position that is none", async () => {
    const watch = watchByRpc(createGrpcTransport({ baseUrl: server.url }));
    const refused = await take(watch, { after: "yesterday" }, 1, () => true)
      .then(() => undefined)
      .catch((error: unknown) => ConnectError.from(error));
    expect(refused?.code).toBe(Code.InvalidArgument);
    expect(refused?.rawMessage).toContain("LOCKOUTD-evt02");
  });

  it("ends when the server does, so that a drain is not held up", async () => {
    const ending = await startTestServer({ shutdownGraceMs: 100 });
    const stream = createClient(
      AttemptService,
      createGrpcTransport({ baseUrl: ending.url }),
    ).watchEvents(
      { after: "0" },
      { headers: { authorization: `Bearer ${ending.adminToken}` } },
    );
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    const rest = iterator.next().catch((error: unknown) => error);
    await ending.close();
    expect(ConnectError.from(await rest).code).toBe(Code.Unavailable);
  });
});
