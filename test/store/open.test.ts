import { link, rm, stat, symlink } from "node:fs/promises";
import { relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStore } from "../../src/store/open.ts";
import { StoreRefusedError } from "../../src/store/store.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";

describe("a database URL", () => {
  let dir: TempDir;
  beforeEach(async () => {
    dir = await makeTempDir();
  });
  afterEach(() => dir.remove());

  const open = (url: string) =>
    openStore(url, {
      exclusive: true,
    });

  it.each([
    ["absolute", () => `sqlite:${dir.file("a.db")}`],
    ["absolute behind //", () => `sqlite://${dir.file("a.db")}`],
    ["relative", () => `sqlite:./${relative(process.cwd(), dir.file("a.db"))}`],
  ])("names a file: %s", async (_, url) => {
    const store = await open(url());
    await store.createOrg("a", "e");
    const { mode } = await stat(dir.file("a.db"));
    expect(mode & 0o777).toBe(0o600);
    await store.close();
  });

  it("that leads to the same file by a link is served once only", async () => {
    const store = await open(`sqlite:${dir.file("a.db")}`);
    await symlink(dir.file("a.db"), dir.file("link.db"));
    await expect(open(`sqlite:${dir.file("link.db")}`)).rejects.toThrow(
      /another lockoutd serves/,
    );
    await store.close();
  });

  it("that leads to a file with two names is served by neither", async () => {
    const names = ["a.db", "b.db"].map((name) => dir.file(name));
    const [first = "", second = ""] = names;
    await (await open(`sqlite:${first}`)).close();
    await link(first, second);
    for (const name of names) {
      for (const exclusive of [true, false]) {
        await expect(
          openStore(`sqlite:${name}`, { exclusive }),
        ).rejects.toThrow(/hard link: remove the link/);
      }
    }
    await rm(second);
    await (await open(`sqlite:${first}`)).close();
  });

  it.each([
    ["./lockoutd.db", /has no scheme: write sqlite:PATH/],
    ["", /has no scheme/],
    [":x", /has no scheme/],
    ["sqlite:", /names no file/],
    ["sqlite:  ", /names no file/],
    ["sqlite::memory:", /forget every lock/],
    ["sqlite://host/a.db", /names a host/],
    ["sqlite:a.db?mode=ro", /takes none/],
    ["mysql://user:hunter2@host/db", /scheme "mysql" is unknown/],
  ])("%s is refused", async (url, message) => {
    const error: unknown = await open(url).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreRefusedError);
    expect(error).toHaveProperty("message", expect.stringMatching(message));
    expect(String(error)).not.toContain("hunter2");
  });
});
