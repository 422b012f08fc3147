import { afterEach, expect, test } from "vitest";
import type { StaticRoute } from "../../src/http/pages/static-route.ts";
import {
  endHeaders,
  endStream,
  frame,
  frameType,
  headerBlock,
  RawHttp2,
} from "./raw-http2.ts";
import { rawExchange, startServer, stopServers } from "./support.ts";

afterEach(stopServers);

/** A page that counts its requests, and how many of them began at most between two turns of the event loop. */
function countedPage() {
  let begun = 0;
  let before = 0;
  let most = 0;
  const page: StaticRoute = {
    path: "/",
    respond: () => {
      begun += 1;
      return { status: 204, header: new Headers() };
    },
  };
  return {
    page,
    begun: () => begun,
    /** Looks until so many have begun. */
    mostAtOnce: (all: number) =>
      new Promise<number>((resolve) => {
        const look = () => {
          most = Math.max(most, begun - before);
          before = begun;
          if (begun < all) {
            setImmediate(look);
          } else {
            resolve(most);
          }
        };
        look();
      }),
  };
}

test("a thousand pipelined requests are not served in one go", async () => {
  const counted = countedPage();
  const { port } = await startServer({ pages: [counted.page] });
  const most = counted.mostAtOnce(1000);
  const get = "GET / HTTP/1.1\r\nHost: a\r\n";
  await rawExchange(
    port,
    `${`${get}\r\n`.repeat(999)}${get}Connection: close\r\n\r\n`,
  );
  expect(await most).toBeLessThan(5);
});

const get = headerBlock([
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "a"],
  [":path", "/"],
]);

test("nor are a hundred streams of HTTP/2", async () => {
  const counted = countedPage();
  const { port } = await startServer({ pages: [counted.page] });
  const most = counted.mostAtOnce(100);
  const client = new RawHttp2(port).start();
  client.write(
    ...Array.from({ length: 100 }, (_, i) =>
      frame(frameType.headers, endHeaders | endStream, 2 * i + 1, get),
    ),
  );
  // 32 in the first turn, of which the connection itself may take some, and a quarter more in each after a short one: 40, and 50.
  expect(await most).toBeLessThanOrEqual(50);
  client.socket.destroy();
});

test("streams that are reset at once are hardly served at all, and recorded all the same", async () => {
  const counted = countedPage();
  const { port, ended } = await startServer({ pages: [counted.page] });
  const client = new RawHttp2(port).start();
  client.write(
    ...Array.from({ length: 100 }, (_, i) => [
      frame(frameType.headers, endHeaders | endStream, 2 * i + 1, get),
      frame(frameType.rstStream, 0, 2 * i + 1, Buffer.of(0, 0, 0, 8)),
    ]).flat(),
    frame(frameType.headers, endHeaders | endStream, 201, get),
  );
  await client.find(
    ({ type, stream }) => type === frameType.headers && stream === 201,
  );
  expect(counted.begun()).toBeLessThan(40);
  await ended(101);
  client.socket.destroy();
});
