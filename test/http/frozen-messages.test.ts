import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Message } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { encodeFrozenOnce } from "../../src/http/rpc/unary/frozen-messages.ts";

function counted() {
  const count = { encoded: 0, framed: 0 };
  const { write, frame } = encodeFrozenOnce({
    write: (message: Message) => {
      count.encoded += 1;
      return toBinary(StringValueSchema, message as never);
    },
    frame: (bytes) => {
      count.framed += 1;
      return Buffer.concat([bytes, Buffer.of(0)]);
    },
  });
  return {
    count,
    read: (message: Message) => {
      const written = write(message, undefined as never);
      if (written instanceof Promise) {
        throw new Error("what writes at once promises nothing");
      }
      const framed = frame(written, false);
      expect(framed.at(-1)).toBe(0);
      return fromBinary(StringValueSchema, framed.subarray(0, -1)).value;
    },
  };
}

test("a frozen message is encoded once", () => {
  const { count, read } = counted();
  const one = Object.freeze(create(StringValueSchema, { value: "one" }));
  const two = Object.freeze(create(StringValueSchema, { value: "two" }));
  expect([one, two, one, two].map(read)).toEqual(["one", "two", "one", "two"]);
  expect(count).toEqual({ encoded: 2, framed: 2 });
});

test("a message that may change is encoded each time", () => {
  const { count, read } = counted();
  const message = create(StringValueSchema, { value: "before" });
  expect(read(message)).toBe("before");
  message.value = "after";
  expect(read(message)).toBe("after");
  expect(count).toEqual({ encoded: 2, framed: 2 });
});
