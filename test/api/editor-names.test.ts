import { expect, test } from "vitest";
import { EditorNames } from "../../src/api/messages/editor-names.ts";
import { mayBeAccountId } from "../../src/store/accounts.ts";
import type { RecordedEvent } from "../../src/store/events.ts";

const by = (...editors: string[]) =>
  editors.map((editor) => ({ editor }) as RecordedEvent);

/** Names, and which of them were asked for. */
function store(names: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  return {
    asked,
    tokenName: async (id: string) => {
      asked.push(id);
      return names[id];
    },
  };
}

test("each editor is looked up once, whoever it is", async () => {
  const tokens = store({ 1: "login", 2: "help desk" });
  const names = new EditorNames(tokens);
  const expected = new Map([
    ["1", "login"],
    ["2", "help desk"],
    ["SYSTEM", undefined],
  ]);
  expect(await names.of(by("1", "2", "1", "SYSTEM"))).toEqual(expected);
  expect(await names.of(by("2", "SYSTEM", "1"))).toEqual(expected);
  expect(tokens.asked).toEqual(["1", "2", "SYSTEM"]);
});

test("a service account, which can get another login name, is looked up each time", async () => {
  const account = "299999999999999983";
  expect(mayBeAccountId(account)).toBe(true);
  const found: Record<string, string> = { [account]: "before" };
  const names = new EditorNames(store(found));
  expect(await names.of(by(account))).toEqual(new Map([[account, "before"]]));
  found[account] = "after";
  expect(await names.of(by(account))).toEqual(new Map([[account, "after"]]));
});

test("a bounded number of names is kept", async () => {
  const tokens = store({});
  const names = new EditorNames(tokens);
  const many = by(...Array.from({ length: 1001 }, (_, i) => `${i}`));
  expect((await names.of(many)).size).toBe(1001);
  tokens.asked.length = 0;
  await names.of(by("1000", "0"));
  expect(tokens.asked).toEqual(["0"]);
});
