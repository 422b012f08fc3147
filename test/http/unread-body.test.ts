import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { RequestBody } from "../../src/http/connection/exchange/body.ts";

test("what waits in a stream that nobody reads is held, until it is read", async () => {
  let held = 0;
  const stream = new Readable({ read: () => undefined });
  const body = new RequestBody(
    stream,
    {
      startedAt: 0,
      hold: (bytes) => {
        held += bytes;
      },
      takeSmallPiece: () => true,
    },
    false,
  );
  body.timeouts = { totalMs: 0, idleMs: 1 };
  stream.push(Buffer.alloc(50_000));
  body.check(0);
  expect(held).toBe(2 * 50_000);
  body.check(0);
  expect(held).toBe(2 * 50_000);
  expect((await body.next()).value).toHaveLength(50_000);
  body.check(0);
  expect(held).toBe(0);
});
