import { expect, it } from "vitest";
import { readPart } from "../../src/api/requests/list-window.ts";
import { listedUsers } from "../../src/api/users/listed-users.ts";
import type { ListedUserStore } from "../../src/api/users/listed-users.ts";

const { signal } = new AbortController();
const everything = { offset: 0, limit: 1000, ascending: true };
const names = Array.from({ length: 100 }, (_, place) => `nobody${place}`);

/** Holds the event loop, as a database in this process does. */
function hold<Found>(found: Found): Promise<Found> {
  const end = performance.now() + 0.5;
  while (performance.now() < end) {
    // Until then.
  }
  return Promise.resolve(found);
}

const nothing = { items: [], next: undefined };
/** Organisations without users. */
const store = {
  listAccounts: () => hold(nothing),
  listUsers: () => hold(nothing),
  findAccount: () => undefined,
  findAccountByName: () => undefined,
  findOrgsOfUser: () => hold([]),
  findUsersNamed: () => hold([]),
  // Each a page of its own.
  listOrgs: ({ after }: { readonly after: string | undefined }) => {
    const place = Number(after ?? 0);
    const org = { id: String(place), name: "" };
    const next = place + 1 < names.length ? String(place + 1) : undefined;
    return hold({ items: [org], next });
  },
} as unknown as ListedUserStore;

it.each([
  ["ids", { ids: names, folded: undefined }],
  ["login names", { ids: undefined, folded: ["nobody"] }],
  ["all", { ids: undefined, folded: undefined }],
])(
  "others have their turn while nobody is found by %s",
  async (_by, filter) => {
    let turns = 0;
    let isDone = false;
    const count = () => {
      turns += 1;
      if (!isDone) {
        setImmediate(count);
      }
    };
    setImmediate(count);
    const { total } = await readPart(
      listedUsers(store, "all", filter),
      everything,
      { fits: () => true, signal },
    );
    isDone = true;
    expect(total).toBe(0);
    // 50 ms or more, in slices of 4.
    expect(turns).toBeGreaterThan(5);
  },
);
