import fc from "fast-check";
import http2 from "node:http2";
import type { ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import {
  StreamTable,
  replaceStreamTable,
} from "../../src/http/connection/http2/stream-table.ts";

const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const end of cleanup.splice(0)) {
    end();
  }
});

test("the table is a Map of its streams", () => {
  const steps = fc.array(
    fc.record({
      does: fc.constantFrom("set", "set", "delete", "get"),
      // Some of them far apart, so that they want the same place.
      id: fc.oneof(
        fc.nat({ max: 70 }).map((n) => 2 * n + 1),
        fc.nat({ max: 12 }).map((n) => 256 * n + 127),
        fc.nat({ max: 5 }).map((n) => 2 ** 31 - 1 - 128 * n),
      ),
    }),
    { maxLength: 300 },
  );
  fc.assert(
    fc.property(steps, (taken) => {
      const table = new StreamTable<{ id: number }>();
      const model = new Map<number, { id: number }>();
      for (const { does, id } of taken) {
        if (does === "set") {
          const stream = { id };
          table.set(id, stream);
          model.set(id, stream);
        } else if (does === "delete") {
          expect(table.delete(id)).toBe(model.delete(id));
        }
        expect(table.get(id)).toBe(model.get(id));
        expect(table.size).toBe(model.size);
      }
      for (const [id, stream] of model) {
        expect(table.get(id)).toBe(stream);
      }
      const found: { id: number }[] = [];
      table.forEach((stream) => found.push(stream));
      expect(found).toHaveLength(model.size);
      expect(new Set(found)).toEqual(new Set(model.values()));
    }),
  );
});

test("whoever is called for may delete itself and others", () => {
  const table = new StreamTable<{ id: number }>();
  for (const id of [1, 3, 5]) {
    table.set(id, { id });
  }
  const called: unknown[] = [];
  table.forEach(({ id }) => {
    called.push(id);
    for (const each of [id, 3]) {
      table.delete(each);
    }
  });
  expect(called).toEqual([1, 5]);
  expect(table.size).toBe(0);
});

test("this Node takes the table for its own", async () => {
  const server = http2.createServer();
  const tables: (StreamTable | undefined)[] = [];
  server.on("session", (session) => {
    tables.push(replaceStreamTable(session));
  });
  const kept: ServerHttp2Stream[] = [];
  server.on("stream", (stream) => {
    stream.on("error", () => undefined);
    kept.push(stream);
    if (kept.length <= 200) {
      stream.respond({}, { endStream: true });
    }
  });
  server.listen(0, "127.0.0.1");
  cleanup.push(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = http2.connect(`http://127.0.0.1:${port}`);
  client.on("error", () => undefined);
  cleanup.push(() => {
    client.destroy();
  });
  const answered = Array.from({ length: 200 }, async () => {
    const request = client.request({}).resume();
    await once(request, "close");
  });
  await Promise.all(answered);
  const [table] = tables;
  expect(table?.size).toBe(0);

  const unanswered = client.request({});
  unanswered.on("error", () => undefined);
  await once(server, "stream");
  expect(table?.size).toBe(1);
  // The end of the session ends its streams.
  const [last] = kept.slice(-1);
  const { session } = last ?? {};
  if (last === undefined || session === undefined) {
    throw new Error("unserved");
  }
  session.destroy();
  await once(unanswered, "close");
  expect(last.destroyed).toBe(true);
  expect(table?.size).toBe(0);
});
