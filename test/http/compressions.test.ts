import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { createCompressions } from "../../src/http/rpc/compressions.ts";

const compressions = createCompressions().map(
  (one) => [one.name, one] as const,
);

test("gzip comes before Brotli", () => {
  expect(compressions.map(([name]) => name)).toEqual(["gzip", "br"]);
});

describe.each(compressions)("%s", (name, { compress, decompress }) => {
  // On the event loop and beside it, before and after.
  test.each([
    ["nothing", Buffer.alloc(0)],
    ["little", Buffer.from("little")],
    ["little that becomes much", Buffer.alloc(200_000, "abc")],
    ["much", randomBytes(100_000)],
  ])("gives back what it was given: %s", async (_name, bytes) => {
    const compressed = await compress(bytes);
    expect(Buffer.from(await decompress(compressed, 1_000_000))).toEqual(bytes);
  });

  test.each([
    [10, 9],
    [1000, 999],
    [70_000, 69_999],
    [64 * 1024 * 1024, 1_000_000],
  ])("refuses %i bytes where the limit is %i", async (size, limit) => {
    const compressed = await compress(Buffer.alloc(size));
    await expect(decompress(compressed, limit)).rejects.toMatchObject({
      code: Code.ResourceExhausted,
      rawMessage: `the message is larger than ${limit} bytes when it is decompressed`,
    });
    if (size < 1_000_000) {
      expect(await decompress(compressed, size)).toHaveLength(size);
    }
  });

  test.each([
    ["no such thing", Buffer.from("no such thing")],
    ["much of no such thing", Buffer.alloc(10_000, "x")],
    ["one that is cut off", "cut"],
    ["one that is followed by something", "followed"],
    ["a large one that is followed by something", "followed by much"],
  ])("blames the caller for %s", async (_name, given) => {
    const whole = await compress(randomBytes(100));
    const bytes =
      given instanceof Buffer
        ? given
        : given === "cut"
          ? whole.subarray(0, whole.length - 1)
          : Buffer.concat([
              whole,
              Buffer.alloc(given === "followed" ? 1 : 10_000, "x"),
            ]);
    await expect(decompress(bytes, 1000)).rejects.toMatchObject({
      code: Code.InvalidArgument,
      rawMessage: `the message is not valid ${name}`,
    });
  });
});

test("several members of gzip are one message", async () => {
  const [[, gzip] = []] = compressions;
  const members = Buffer.concat([gzipSync("a"), gzipSync("b")]);
  const bytes = await gzip?.decompress(members, 10);
  expect(Buffer.from(bytes ?? []).toString()).toBe("ab");
});

describe.each([
  ["compressed", randomBytes(200_000)],
  ["decompressed", gzipSync(randomBytes(200_000))],
])("large messages that are %s", (name, bytes) => {
  /** Works on a message of somebody. */
  function start() {
    const [gzip] = createCompressions();
    return async (of: string, signal?: AbortSignal) => {
      const owner = { turn: signal === undefined ? { of } : { of, signal } };
      await (name === "compressed"
        ? gzip?.compress(bytes, owner)
        : gzip?.decompress(bytes, 1_000_000, owner));
    };
  }

  test("of one caller do not wait for all of another one's", async () => {
    const work = start();
    let ended = 0;
    const many = Array.from({ length: 60 }, async () => {
      await work("many");
      ended += 1;
    });
    await work("one");
    expect(ended).toBeLessThan(20);
    await Promise.all(many);
  });

  test("wait no longer when their caller has left", async () => {
    const work = start();
    const left = new AbortController();
    const running = Array.from({ length: 4 }, () => work("many"));
    const waiting = Array.from({ length: 60 }, () => work("many", left.signal));
    left.abort(new Error("left"));
    const outcomes = await Promise.allSettled(waiting);
    expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
    await Promise.all([...running, work("many")]);
  });
});
