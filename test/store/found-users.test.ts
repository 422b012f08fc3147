import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { putUser } from "../../src/lockout/user/user.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { usePostgres } from "../support/use-postgres.ts";

// Whoever looks for one of many waits no longer than for one of few, where the name begins with the text.

const orgId = "300000000000000001";
const users = 4000;
const postgres = usePostgres();

const engines = [
  ["SQLite", async () => `sqlite:${(await makeTempDir()).file("a.db")}`],
  ["PostgreSQL", async () => (await postgres.createMigrated()).url],
] as const;

describe.each(engines)("on %s", (_engine, createUrl) => {
  let store: Store;
  beforeAll(async () => {
    store = await openStore(await createUrl(), { exclusive: true });
    await Promise.all(
      Array.from({ length: users }, (_, index) => {
        const name = `person ${index}@x`;
        return store.putUser(
          { orgId, userId: `u${String(index).padStart(4, "0")}` },
          [{ name, folded: name }],
          "e",
          putUser("active"),
        );
      }),
    );
  });
  afterAll(() => store.close());

  const read = (text: string, size: number, after?: string) =>
    store.findUsers(orgId, { id: text, folded: text }, { size, after });
  const find = async (text: string, size: number) => {
    const ids: string[] = [];
    let after: string | undefined;
    do {
      const page = await read(text, size, after);
      ids.push(...page.items.map(({ user }) => user.userId));
      after = page.next;
    } while (after !== undefined);
    return ids;
  };

  it("a user whose name begins with the text is found before all others are looked through", async () => {
    const { items, next } = await read("person 3999", 10);
    expect(items.map(({ user }) => user.userId)).toEqual(["u3999"]);
    // Others may follow, who have it elsewhere.
    expect(next).toBeDefined();
    expect(await find("person 3999", 10)).toEqual(["u3999"]);
  });

  it("all are found, each once, in pages of any size", async () => {
    expect(await find("on 3999@", 10)).toEqual(["u3999"]);
    expect(await find("u399", 3)).toHaveLength(10);
    expect(await find("99@x", 7)).toHaveLength(users / 100);
    expect(await find("nobody", 10)).toEqual([]);
  });
});
