import { describe, expect, it } from "vitest";
import type { StoreBed } from "./bed.ts";
import { countUp, init, orgA } from "./samples.ts";
import { changePolicy } from "../../support/change-policy.ts";

export function describeNotices(bed: StoreBed): void {
  const append = (store = bed.store) =>
    changePolicy(store, orgA, "e", countUp([]));

  /** Counts notices, and waits for them. */
  const listen = () => {
    let heard = 0;
    let wake: () => void = () => undefined;
    const end = bed.store.onAppended(() => {
      heard += 1;
      wake();
    });
    return {
      heard: () => heard,
      end,
      next: () =>
        new Promise<void>((resolve) => {
          wake = resolve;
        }),
    };
  };

  describe("a notice of new events", () => {
    it("comes after a command of this process, when the events can be read", async () => {
      const listener = listen();
      const next = listener.next();
      const read = next.then(() => bed.events());
      await append();
      await next;
      expect(await read).toHaveLength(1);
    });

    it("comes after a command of another process", async () => {
      const tool = await bed.open("tool");
      const listener = listen();
      const next = listener.next();
      await append(tool);
      await next;
      expect(await bed.events()).toHaveLength(1);
    });

    it("comes to each listener until it ends that", async () => {
      const ended = listen();
      const [first, second] = [listen(), listen()];
      ended.end();
      ended.end();
      const both = Promise.all([first.next(), second.next()]);
      await append();
      await both;
      expect(ended.heard()).toBe(0);
    });
  });

  describe("the last position", () => {
    it("is 0 before the first event, and then that of the last", async () => {
      expect(await bed.store.lastPosition()).toBe(0);
      await bed.store.initialise(init);
      const { position } = await append();
      expect(await bed.store.lastPosition()).toBe(position);
      expect(await bed.events({ positionAfter: position })).toEqual([]);
    });
  });
}
