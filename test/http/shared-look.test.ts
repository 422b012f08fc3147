import { expect, test } from "vitest";
import { shareLook } from "../../src/http/pages/shared-look.ts";

function counted(shareMs: number) {
  let count = 0;
  let time = 0;
  let settle: ((failed: boolean) => void) | undefined;
  const look = shareLook(
    () => {
      count += 1;
      const mine = count;
      return new Promise<number>((resolve, reject) => {
        settle = (failed) => {
          if (failed) {
            reject(new Error(`look ${mine}`));
          } else {
            resolve(mine);
          }
        };
      });
    },
    shareMs,
    () => time,
  );
  return {
    look,
    count: () => count,
    settle: (failed = false) => settle?.(failed),
    pass: (ms: number) => {
      time += ms;
    },
  };
}

test("all who ask within the time share one look", async () => {
  const { look, count, settle, pass } = counted(1000);
  const early = [look(), look()];
  settle();
  expect(await Promise.all(early)).toEqual([1, 1]);
  pass(999);
  expect(await look()).toBe(1);
  pass(1);
  const late = look();
  settle();
  expect(await late).toBe(2);
  expect(count()).toBe(2);
});

test("a failure is shared like a success", async () => {
  const { look, count, settle, pass } = counted(1000);
  const both = [look(), look()];
  settle(true);
  for (const each of [...both, look()]) {
    await expect(each).rejects.toThrow("look 1");
  }
  pass(1000);
  const next = look();
  settle();
  expect(await next).toBe(2);
  expect(count()).toBe(2);
});

test("a look that takes longer than the time is shared to its end", async () => {
  const { look, count, settle, pass } = counted(1000);
  const first = look();
  pass(5000);
  const second = look();
  settle();
  expect(await Promise.all([first, second])).toEqual([1, 1]);
  expect(count()).toBe(1);
});
