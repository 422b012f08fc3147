import { once } from "node:events";
import http2 from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { CallValues } from "../../src/http/rpc/unary/call-values.ts";
import { LongWork } from "../../src/pacing/long-work.ts";
import { setStage } from "../cases/stage.ts";
import { HeldObjects } from "../support/held-objects.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

let server: TestServer;
let token: string;
let otherToken: string;

const users = 500;

beforeAll(async () => {
  server = await startTestServer();
  const stage = await setStage(server);
  token = stage.orgOwner;
  otherToken = await stage.token(["ORG_OWNER"]);
  const session = http2.connect(server.url);
  const aliases = Array.from({ length: 20 }, (_, index) => `alias-${index}`);
  for (let first = 0; first < users; first += 50) {
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => {
        const userId = `user-${first + index}`;
        return call(session, token, "PutUser", {
          userId,
          aliases: aliases.map((alias) => `${userId}-${alias}`),
        });
      }),
    );
  }
  session.destroy();
});

afterAll(async () => {
  await server.close();
});

/** Sends a call of a method of lockout.v1.UserService. */
function send(
  session: ClientHttp2Session,
  secret: string,
  method: string,
  request: object,
): ClientHttp2Stream {
  const stream = session.request({
    ":method": "POST",
    ":path": `/lockout.v1.UserService/${method}`,
    "content-type": "application/json",
    authorization: `Bearer ${secret}`,
  });
  stream.end(JSON.stringify(request));
  return stream;
}

async function call(...sent: Parameters<typeof send>): Promise<unknown> {
  const stream = send(...sent);
  const [headers] = (await once(stream, "response")) as [
    Record<string, unknown>,
  ];
  const body = await text(stream);
  expect(headers[":status"], body).toBe(200);
  return JSON.parse(body);
}

const allUsers = { pageSize: 1000 };

const list = (session: ClientHttp2Session, secret: string) =>
  call(session, secret, "ListUsers", allUsers);

afterEach(() => {
  vi.restoreAllMocks();
});

test("lists whose callers have left delay nobody, and give their memory back", async () => {
  const session = http2.connect(server.url);
  // What belongs to a call for as long as it is not over, or its work waits.
  const values = vi.spyOn(CallValues.prototype, "set");
  const calls = new HeldObjects();
  const noteCalls = () => {
    for (const context of values.mock.contexts) {
      calls.note(context as CallValues);
    }
    values.mockClear();
    return calls.noted;
  };
  const slices = vi.spyOn(LongWork.prototype, "pause");
  await list(session, otherToken);
  const alone = slices.mock.calls.length;
  expect(alone).toBeGreaterThan(0);
  const leaving = Array.from({ length: 4 }, () => http2.connect(server.url));
  for (const session of leaving) {
    for (let count = 0; count < 50; count += 1) {
      send(session, token, "ListUsers", allUsers).on("error", () => undefined);
    }
  }
  await expect.poll(noteCalls, { interval: 1 }).toBeGreaterThan(200);
  for (const session of leaving) {
    session.destroy();
  }
  slices.mockClear();
  expect(await list(session, otherToken)).toMatchObject({
    users: expect.objectContaining({ length: users }) as unknown,
  });
  session.destroy();
  noteCalls();
  await expect.poll(() => calls.count()).toBeLessThan(10);
  // Some were under way; a hundred and more waited.
  expect(slices.mock.calls.length).toBeLessThan(50 * alone);
});

test("a token that asks for many lists delays its own only", async () => {
  const session = http2.connect(server.url);
  let ended = 0;
  const many = Array.from({ length: 60 }, async () => {
    await list(session, token);
    ended += 1;
  });
  await Promise.race(many);
  await list(session, otherToken);
  expect(ended).toBeLessThan(30);
  await Promise.all(many);
  session.destroy();
});
