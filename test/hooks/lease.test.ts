import { expect, test } from "vitest";
import { withLease } from "../../src/hooks/lease.ts";

test("a stop while the lease is asked for ends the work, and gives the lease back", async () => {
  const stopping = new AbortController();
  const released: string[] = [];
  await withLease(
    {
      leaseSending: async () => {
        stopping.abort();
        return { position: undefined };
      },
      releaseSending: async (holder) => {
        released.push(holder);
      },
    },
    "this process",
    async ({ signal }) => {
      if (!signal.aborted) {
        await new Promise((resolve) => {
          signal.addEventListener("abort", resolve);
        });
      }
    },
    stopping.signal,
    (error) => {
      throw error;
    },
  );
  expect(released).toEqual(["this process"]);
});
