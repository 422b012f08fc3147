import { expect, it } from "vitest";
import { openStore } from "../../src/store/open.ts";
import { startSettling } from "../../src/store/settling.ts";
import { init } from "../contract/store/samples.ts";
import { makeTempDir } from "../support/temp-dir.ts";

it("tells of no fault where the store is closed while a round waits", async () => {
  const directory = await makeTempDir();
  const url = `sqlite:${directory.file("lockoutd.db")}`;
  const store = await openStore(url, { exclusive: true });
  await store.initialise(init);
  const begun = Promise.withResolvers<undefined>();
  const closed = Promise.withResolvers<undefined>();
  const rounds: Promise<number>[] = [];
  const faults: unknown[] = [];
  const settling = startSettling(
    {
      settleAttempts: (limit) => {
        begun.resolve(undefined);
        const round = closed.promise.then(() => store.settleAttempts(limit));
        rounds.push(round);
        return round;
      },
    },
    (fault) => faults.push(fault),
  );
  await begun.promise;
  settling.stop();
  await store.close();
  closed.resolve(undefined);
  const ends = await Promise.allSettled(rounds);
  await new Promise(setImmediate);
  expect(ends.map(({ status }) => status)).toEqual(["rejected"]);
  expect(faults).toEqual([]);
  await directory.remove();
});
