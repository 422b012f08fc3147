import { create, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import type { Message } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, it } from "vitest";
import { ListUsersResponseSchema } from "../../gen/lockout/v1/user_service_pb.js";
import {
  joinBinary,
  joinJson,
  writeInSlices,
} from "../../src/transcoding/message/slices.ts";

const schema = ListUsersResponseSchema;

const lists = fc.record({
  users: fc.array(
    fc.record({ userId: fc.string(), aliases: fc.array(fc.string()) }),
    { maxLength: 300, size: "max" },
  ),
  nextPageToken: fc.string(),
});

const writers = {
  binary: {
    write: writeInSlices(
      schema,
      (message) => toBinary(schema, message as never),
      joinBinary,
    ),
    read: (bytes: Uint8Array) => fromBinary(schema, bytes),
    wanted: (message: Message) => message,
  },
  json: {
    write: writeInSlices(
      schema,
      (message) =>
        Buffer.from(JSON.stringify(toJson(schema, message as never))),
      joinJson,
    ),
    read: (bytes: Uint8Array): unknown =>
      JSON.parse(Buffer.from(bytes).toString()),
    wanted: (message: Message): unknown => toJson(schema, message as never),
  },
};

it.each(["binary", "json"] as const)(
  "a long list that is written in slices is the same message: %s",
  async (codec) => {
    const { write, read, wanted } = writers[codec];
    await fc.assert(
      fc.asyncProperty(lists, async (init) => {
        const message = create(schema, init);
        expect(read(await write(message))).toEqual(wanted(message));
      }),
      { numRuns: 50 },
    );
  },
);

it.each(["binary", "json"] as const)(
  "others have their turn while a long list is written: %s",
  async (codec) => {
    const aliases = Array.from({ length: 100 }, (_, i) => `${i}`.repeat(100));
    const users = Array.from({ length: 400 }, (_, i) => ({
      userId: `${i}`,
      aliases,
    }));
    let turns = 0;
    let isWritten = false;
    const turn = () => {
      turns += 1;
      if (!isWritten) {
        setImmediate(turn);
      }
    };
    setImmediate(turn);
    await writers[codec].write(create(schema, { users }));
    isWritten = true;
    expect(turns).toBeGreaterThan(10);
    const short = create(schema, { users: users.slice(0, 3) });
    expect(writers[codec].write(short)).toBeInstanceOf(Uint8Array);
  },
);
