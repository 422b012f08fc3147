import { afterEach, expect, test } from "vitest";
import {
  endHeaders,
  endStream,
  frame,
  frameType,
  RawHttp2,
} from "./raw-http2.ts";
import { getHead, servePages, stopServers } from "./support.ts";

afterEach(stopServers);

const enhanceYourCalm = 11;

/** The smallest header there is: :method, :scheme, :path and :authority by their indexes, the last one put into the table by the first. */
const pseudo = Buffer.from([0x82, 0x86, 0x84]);
const firstHead = Buffer.concat([pseudo, Buffer.from([0x41, 1, 0x61])]);
const head = Buffer.concat([pseudo, Buffer.from([0xbe])]);

/** Opens streams, and cancels each at once. */
function cancelled(count: number, flags: number): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, index) => {
      const stream = 2 * index + 1;
      return Buffer.concat([
        frame(frameType.headers, flags, stream, index === 0 ? firstHead : head),
        frame(frameType.rstStream, 0, stream, Buffer.of(0, 0, 0, 8)),
      ]);
    }),
  );
}

// A little more than the burst; as many as are read at once; more than that.
test.each([
  ["requests", endHeaders | endStream],
  ["requests whose body is to come", endHeaders],
])(
  "too many %s that are cancelled end the connection, and it says why",
  async (_name, flags) => {
    for (const count of [220, 1000, 2600, 60_000]) {
      const { port, url } = await servePages({}, []);
      const client = new RawHttp2(port).start();
      client.write(cancelled(count, flags));
      await client.closed;
      const codes = client.frames
        .filter(({ type }) => type === frameType.goaway)
        .map(({ payload }) => payload.readUInt32BE(4));
      expect(new Set(codes), `${count}`).toEqual(new Set([enhanceYourCalm]));
      expect((await fetch(`${url}/debug/healthz`)).status).toBe(200);
    }
  },
);

test("as many as the burst allows do not", async () => {
  const { port } = await servePages({}, []);
  const client = new RawHttp2(port).start();
  client.write(
    cancelled(190, endHeaders),
    frame(
      frameType.headers,
      endHeaders | endStream,
      381,
      getHead("/debug/healthz"),
    ),
  );
  const response = await client.find(
    ({ type, stream }) => type === frameType.headers && stream === 381,
  );
  expect(response).toBeDefined();
  client.socket.destroy();
});
