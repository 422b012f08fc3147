import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import type { Client, Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AttemptService } from "../../gen/lockout/v1/attempt_service_pb.js";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { UserService } from "../../gen/lockout/v1/user_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { defaultConfig } from "../../src/config.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { setStage } from "./stage.ts";

const { quotas } = defaultConfig;
let server: TestServer;

const maxWatchesPerToken = 20;

beforeAll(async () => {
  server = await startTestServer({ quotas: { ...quotas, maxWatchesPerToken } });
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
  /** The administrator's unless set. */
  readonly token?: string;
  readonly after?: string;
  /** The header Last-Event-ID. */
  readonly lastEventId?: string;
  /** The organisation of the call, unless it is the token's. */
  readonly orgId?: string;
  readonly eventTypes?: readonly string[];
  /** Called when the header of the response has come. */
  readonly onHeader?: (header: Headers) => void;
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
  return async function* (options, signal) {
    const { onHeader, after = "", eventTypes = [] } = options;
    const stream = createClient(AttemptService, transport).watchEvents(
      { after, eventTypes: [...eventTypes] },
      {
        headers: requestHeaders(options),
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

interface RestStatus {
  readonly code: Code;
  readonly message: string;
}

/** The message of a line of an event stream; an event `error` holds a status alone. */
function parseEventLine(line: string): unknown {
  if (!line.startsWith("data:")) {
    return undefined;
  }
  const data = JSON.parse(line.slice(5)) as object;
  return "code" in data ? { error: data } : data;
}

function watchByRest(
  baseUrl: string,
  accept: string,
  parse: (line: string) => unknown,
): Watch {
  return async function* (options, signal) {
    const query = new URLSearchParams();
    if (options.after !== undefined) {
      query.set("after", options.after);
    }
    for (const type of options.eventTypes ?? []) {
      query.append("eventTypes", type);
    }
    const response = await fetch(
      `${baseUrl}/lockout/v1/events:watch?${query.toString()}`,
      { headers: { ...requestHeaders(options), accept }, signal },
    );
    if (!response.ok) {
      const { message, code } = (await response.json()) as RestStatus;
      throw new ConnectError(message, code);
    }
    expect(response.headers.get("content-type")).toContain(accept);
    options.onHeader?.(response.headers);
    for await (const line of linesOf(response)) {
      const message = parse(line) as
        | {
            position: string;
            event: {
              type: { type: string };
              aggregate: { resourceOwner: string };
            };
          }
        | { error: RestStatus }
        | undefined;
      if (message === undefined) {
        continue;
      }
      if ("error" in message) {
        throw new ConnectError(message.error.message, message.error.code);
      }
      yield {
        position: message.position,
        type: message.event.type.type,
        org: message.event.aggregate.resourceOwner,
      };
    }
  };
}

async function* linesOf({ body }: Response): AsyncGenerator<string> {
  if (body === null) {
    throw new Error("the answer has no body");
  }
  let rest = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line !== "");
  }
}

function authorization({ token = server.adminToken }: WatchOptions) {
  return { authorization: `Bearer ${token}` };
}

function requestHeaders(options: WatchOptions) {
  const { lastEventId, orgId } = options;
  return {
    ...authorization(options),
    ...(orgId !== undefined && { "x-zitadel-orgid": orgId }),
    ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
  };
}

/** @param baseUrl of the tests' server, unless given */
type OpenDoor = (baseUrl?: string) => Watch;

const doors: readonly (readonly [string, OpenDoor])[] = [
  ...rpcs.map(
    ([name, open]) =>
      [name, (baseUrl = server.url) => watchByRpc(open(baseUrl))] as const,
  ),
  [
    "NDJSON",
    (baseUrl = server.url) =>
      watchByRest(baseUrl, "application/x-ndjson", (line) => JSON.parse(line)),
  ],
  [
    "SSE",
    (baseUrl = server.url) =>
      watchByRest(baseUrl, "text/event-stream", parseEventLine),
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
      if (isWanted(event)) {
        taken.push(event);
      }
      if (taken.length === count) {
        break;
      }
    }
  } finally {
    stop.abort();
  }
  return taken;
}

/** Where the log ends now. */
async function lastPosition(): Promise<{ readonly after: string }> {
  const stop = new AbortController();
  const [, openDoor] = doors[0] ?? [];
  if (openDoor === undefined) {
    throw new Error("there is no door");
  }
  const header = await opened(openDoor(), {}, stop.signal);
  stop.abort();
  return { after: header.get("last-event-id") ?? "" };
}

/** Opens a watch that lasts until the signal: resolves with the header of its response. */
async function opened(
  watch: Watch,
  options: WatchOptions,
  signal: AbortSignal,
): Promise<Headers> {
  const header = Promise.withResolvers<Headers>();
  const onHeader = header.resolve;
  // The generator runs while its first event is awaited.
  watch({ ...options, onHeader }, signal)
    [Symbol.asyncIterator]()
    .next()
    .catch((error: unknown) => {
      header.reject(error);
    });
  return header.promise;
}

describe.each(doors)("WatchEvents by %s", (_name, openDoor) => {
  it("sends what is written, and resumes from a position without a gap or a repeat", async () => {
    const { orgId, orgOwner } = await setStage(server);
    const management: Client<typeof ManagementService> = createClient(
      ManagementService,
      createGrpcTransport({ baseUrl: server.url }),
    );
    const headers = { headers: { authorization: `Bearer ${orgOwner}` } };
    const isOurs = ({ org, type }: Watched) =>
      org === orgId && type.startsWith("org.policy.");
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

  it("shows a help desk what happens to the users of its organisation, and nothing else", async () => {
    const mine = await setStage(server);
    const other = await setStage(server);
    const { after } = await lastPosition();
    const management = createClient(
      ManagementService,
      createGrpcTransport({ baseUrl: server.url }),
    );
    for (const { orgOwner, userId } of [other, mine]) {
      const headers = { authorization: `Bearer ${orgOwner}` };
      await management.addCustomLockoutPolicy(
        { maxPasswordAttempts: 5 },
        { headers },
      );
      const users = createClient(
        UserService,
        createGrpcTransport({ baseUrl: server.url }),
      );
      await users.putUser({ userId }, { headers });
      await management.lockUser({ id: userId }, { headers });
    }
    const watch = openDoor();
    for (const role of ["ORG_USER_MANAGER", "ORG_OWNER", "IAM_USER_MANAGER"]) {
      const token = await mine.token([role]);
      const seen = await take(watch, { token, after }, 3, () => true);
      expect(seen.map(({ type, org }) => [type, org])).toEqual([
        ["user.human.added", mine.orgId],
        ["user.locked", mine.orgId],
        // The token that was made before this one is a token of this organisation.
        ["user.pat.added", mine.orgId],
      ]);
      const types = { eventTypes: ["user.locked", "org.lockout.storm.began"] };
      expect(
        await take(watch, { token, after, ...types }, 1, () => true),
      ).toMatchObject([{ type: "user.locked", org: mine.orgId }]);
      const refused = await take(
        watch,
        { token, eventTypes: ["user.locked", "org.policy.lockout.added"] },
        1,
        () => true,
      ).catch((error: unknown) => ConnectError.from(error));
      expect(refused).toMatchObject({ code: Code.PermissionDenied });
    }
    const stranger = await mine.token(["ORG_SETTINGS_MANAGER"]);
    const refused = await take(watch, { token: stranger }, 1, () => true).catch(
      (error: unknown) => ConnectError.from(error),
    );
    expect(refused).toMatchObject({ code: Code.PermissionDenied });
  });

  it("refuses a token that has as many open as it may have, and no other", async () => {
    const { token } = await setStage(server);
    const [greedy, modest] = [
      await token(["IAM_OWNER_VIEWER"]),
      await token(["IAM_OWNER_VIEWER"]),
    ];
    const stop = new AbortController();
    const watch = openDoor();
    const open = (token: string) => opened(watch, { token }, stop.signal);
    try {
      for (let count = 0; count < maxWatchesPerToken; count += 1) {
        await open(greedy);
      }
      const refused = await take(watch, { token: greedy }, 1, () => true).catch(
        (error: unknown) => ConnectError.from(error),
      );
      expect(refused).toMatchObject({
        code: Code.ResourceExhausted,
        rawMessage: expect.stringContaining("LOCKOUTD-evt03") as string,
      });
      await open(modest);
    } finally {
      stop.abort();
    }
  });

  it("refuses everybody while the server has as many open as it may have", async () => {
    const small = await startTestServer({
      quotas: { ...quotas, maxWatches: 3 },
    });
    const stop = new AbortController();
    const watch = openDoor(small.url);
    const options = { token: small.adminToken };
    try {
      for (let count = 0; count < 3; count += 1) {
        await opened(watch, options, stop.signal);
      }
      const refused = await take(watch, options, 1, () => true).catch(
        (error: unknown) => ConnectError.from(error),
      );
      expect(refused).toMatchObject({
        code: Code.ResourceExhausted,
        rawMessage: expect.stringContaining("LOCKOUTD-evt04") as string,
      });
    } finally {
      stop.abort();
      await small.close();
    }
  });

  it("says where it begins, so that a client that is cut off before its first event loses none", async () => {
    const { orgId, orgOwner } = await setStage(server);
    const management = createClient(
      ManagementService,
      createGrpcTransport({ baseUrl: server.url }),
    );
    const headers = authorization({ token: orgOwner });
    await management.addCustomLockoutPolicy({}, { headers });
    const watch = openDoor();
    const isOurs = ({ org }: Watched) => org === orgId;
    const [added] = await take(watch, { after: "0" }, 1, isOurs);

    const first = new AbortController();
    const begun = (await opened(watch, {}, first.signal)).get("last-event-id");
    first.abort();
    await management.updateCustomLockoutPolicy(
      { maxPasswordAttempts: 3 },
      { headers },
    );
    await management.resetLockoutPolicyToDefault({}, { headers });
    // The header counts before the message.
    const missed = await take(
      watch,
      { lastEventId: begun ?? "", after: added?.position ?? "" },
      2,
      isOurs,
    );
    expect(missed.map(({ type }) => type)).toEqual([
      "org.policy.lockout.changed",
      "org.policy.lockout.removed",
    ]);

    // A watch from a position says that one.
    const second = new AbortController();
    const { position } = missed[0] ?? { position: "" };
    const resumed = await opened(watch, { after: position }, second.signal);
    second.abort();
    expect(resumed.get("last-event-id")).toBe(position);
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

describe.each(doors)("WatchEvents by %s", (_name, openDoor) => {
  const access = () =>
    createClient(AccessService, createGrpcTransport({ baseUrl: server.url }));

  it.each([
    [
      "is revoked",
      async (tokenId: string) => {
        await access().revokeToken({ tokenId }, { headers: authorization({}) });
      },
    ],
    [
      "expires",
      () => {
        server.advance(60_000);
      },
    ],
  ])("sends no event more once its token %s", async (_what, end) => {
    const { orgOwner } = await setStage(server);
    const { token, secret } = await access().createToken(
      {
        roles: ["IAM_OWNER_VIEWER"],
        expireTime: timestampFromMs(server.now() + 60_000),
      },
      { headers: authorization({}) },
    );
    const write = async (maxPasswordAttempts: number) => {
      const management = createClient(
        ManagementService,
        createGrpcTransport({ baseUrl: server.url }),
      );
      const headers = authorization({ token: orgOwner });
      await (maxPasswordAttempts === 0
        ? management.addCustomLockoutPolicy({}, { headers })
        : management.updateCustomLockoutPolicy(
            { maxPasswordAttempts },
            { headers },
          ));
    };
    const stop = new AbortController();
    const header = Promise.withResolvers<undefined>();
    const watched = openDoor()(
      {
        token: secret,
        onHeader: () => {
          header.resolve(undefined);
        },
      },
      stop.signal,
    )[Symbol.asyncIterator]();
    try {
      const first = watched.next();
      await header.promise;
      await write(0);
      expect(await first).toMatchObject({ done: false });
      const second = watched.next().catch((error: unknown) => error);
      await end(token?.tokenId ?? "");
      await write(1);
      expect(ConnectError.from(await second)).toMatchObject({
        code: Code.Unauthenticated,
        rawMessage: "Errors.Token.Invalid (AUTH-7fs1e)",
      });
    } finally {
      stop.abort();
    }
  });

  it("ends with the organisation, whose removal it does not tell", async () => {
    const { orgId, token } = await setStage(server);
    const helpDesk = await token(["ORG_USER_MANAGER"]);
    const stop = new AbortController();
    const start = async (options: WatchOptions) => {
      const header = Promise.withResolvers<undefined>();
      const watched = openDoor()(
        {
          ...options,
          onHeader: () => {
            header.resolve(undefined);
          },
        },
        stop.signal,
      )[Symbol.asyncIterator]();
      const end = watched.next().catch((error: unknown) => error);
      await header.promise;
      return { end };
    };
    try {
      const watches = [
        await start({ token: helpDesk }),
        await start({ token: helpDesk, eventTypes: ["user.locked"] }),
        await start({ orgId, eventTypes: ["user.locked"] }),
        // Which reads on from the log.
        await start({
          ...{ token: helpDesk, after: "1", eventTypes: ["user.locked"] },
        }),
      ];
      const admin = createClient(
        AdminService,
        createGrpcTransport({ baseUrl: server.url }),
      );
      await admin.removeOrg({ orgId }, { headers: authorization({}) });
      const codes = await Promise.all(
        watches.map(async ({ end }) => ConnectError.from(await end).code),
      );
      expect(codes).toEqual([
        ...[Code.Unauthenticated, Code.Unauthenticated],
        ...[Code.PermissionDenied, Code.Unauthenticated],
      ]);
    } finally {
      stop.abort();
    }
  });
});

describe("WatchEvents", () => {
  it("gives server-sent events their position as id, and goes on from Last-Event-ID", async () => {
    const { orgId, orgOwner } = await setStage(server);
    const management = createClient(
      ManagementService,
      createGrpcTransport({ baseUrl: server.url }),
    );
    const headers = authorization({ token: orgOwner });
    await management.addCustomLockoutPolicy({}, { headers });
    await management.resetLockoutPolicyToDefault({}, { headers });
    // As an EventSource does it: the same URL each time.
    const readIds = async (lastEventId: string | undefined) => {
      const stop = new AbortController();
      const response = await fetch(
        `${server.url}/lockout/v1/events:watch?after=0&eventTypes=org.policy.lockout.added&eventTypes=org.policy.lockout.removed`,
        {
          headers: {
            ...authorization({}),
            accept: "text/event-stream",
            ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
          },
          signal: stop.signal,
        },
      );
      const ids: string[] = [];
      let id = "";
      for await (const line of linesOf(response)) {
        if (line.startsWith("id: ")) {
          id = line.slice(4);
        } else if (line.includes(orgId)) {
          expect(line).toContain(`"position":"${id}"`);
          ids.push(id);
          if (line.includes("org.policy.lockout.removed")) {
            break;
          }
        }
      }
      stop.abort();
      return ids;
    };
    const [added, removed] = await readIds(undefined);
    expect(removed).toBeDefined();
    expect(await readIds("")).toEqual([added, removed]);
    expect(await readIds(added)).toEqual([removed]);
  });

  it.each(["text/event-stream", "application/x-ndjson", "application/json"])(
    "goes on from lastEventId in the query of %s, after the header and before `after`",
    async (accept) => {
      const { orgId, orgOwner } = await setStage(server);
      const management = createClient(
        ManagementService,
        createGrpcTransport({ baseUrl: server.url }),
      );
      const headers = authorization({ token: orgOwner });
      for (const limit of [1, 2, 3]) {
        await (limit === 1
          ? management.addCustomLockoutPolicy({}, { headers })
          : management.updateCustomLockoutPolicy(
              { maxPasswordAttempts: limit },
              { headers },
            ));
      }
      const positions = (
        await take(
          watchByRpc(createGrpcTransport({ baseUrl: server.url })),
          { after: "0" },
          3,
          ({ org }) => org === orgId,
        )
      ).map(({ position }) => position);
      const [one = "", two = "", three = ""] = positions;
      /** The first position of a message. */
      const firstOf = async (query: string, lastEventId?: string) => {
        const stop = new AbortController();
        const response = await fetch(
          `${server.url}/lockout/v1/events:watch?${query}`,
          {
            headers: {
              ...requestHeaders(
                lastEventId === undefined ? {} : { lastEventId },
              ),
              accept,
            },
            signal: stop.signal,
          },
        );
        let text = "";
        for await (const chunk of response.body?.pipeThrough(
          new TextDecoderStream(),
        ) ?? []) {
          text += chunk;
          const position = /"position":"(\d+)"/.exec(text)?.[1];
          if (position === undefined) {
            continue;
          }
          const begin = accept === "text/event-stream" ? text : "";
          stop.abort();
          return [position, /^id: (\d+)\n\n/.exec(begin)?.[1]];
        }
        throw new Error(text);
      };
      const id = (position: string) =>
        accept === "text/event-stream" ? position : undefined;
      expect(await firstOf(`lastEventId=${one}`)).toEqual([two, id(one)]);
      expect(await firstOf(`lastEventId=${two}&after=${one}`)).toEqual([
        three,
        id(two),
      ]);
      expect(await firstOf(`after=${two}&lastEventId=${two}`, one)).toEqual([
        two,
        id(one),
      ]);
      expect(await firstOf(`after=${two}&lastEventId=`)).toEqual([
        three,
        id(two),
      ]);
    },
  );

  it.each([
    ["is none", "yesterday"],
    ["is still to come", "999999999999999"],
  ])("refuses a position that %s", async (_what, after) => {
    const watch = watchByRpc(createGrpcTransport({ baseUrl: server.url }));
    const refused = await take(watch, { after }, 1, () => true)
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
      { after: "0", eventTypes: ["instance.added"] },
      { headers: { authorization: `Bearer ${ending.adminToken}` } },
    );
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    const rest = iterator.next().catch((error: unknown) => error);
    await ending.close();
    expect(ConnectError.from(await rest).code).toBe(Code.Unavailable);
  });
});
