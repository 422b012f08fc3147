import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");

/** Every page that people read, from the root. */
const pages = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
  { cwd: root, encoding: "utf8" },
)
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(root, path)));

/** The text of a page without its code, in which brackets are no links. */
function proseOf(text: string): string {
  return text
    .replaceAll(/^( *)```[^]*?^\1```$/gm, "")
    .replaceAll(/`[^`\n]+`/g, "");
}

function anchorsOf(path: string): ReadonlySet<string> {
  const headings = readFileSync(path, "utf8")
    .replaceAll(/^```[^]*?^```$/gm, "")
    .matchAll(/^#+ (.+)$/gm);
  // As GitHub makes them.
  return new Set(
    Array.from(headings, ([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

/** The links of a page that lead nowhere. */
function findBrokenLinks(page: string, text: string): readonly string[] {
  const path = join(root, page);
  return Array.from(
    proseOf(text).matchAll(/\]\(([^)\s]+)\)/g),
    ([, link = ""]) => link,
  ).filter((link) => {
    if (/^[a-z]+:/.test(link)) {
      return false;
    }
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? path : join(dirname(path), file);
    return (
      relative(root, target).startsWith("..") ||
      !existsSync(target) ||
      (anchor !== undefined &&
        !(statSync(target).isFile() && anchorsOf(target).has(anchor)))
    );
  });
}

test.each(pages)("the links of %s lead somewhere", (page) => {
  const text = readFileSync(join(root, page), "utf8");
  expect(findBrokenLinks(page, text)).toEqual([]);
});

test("a link that leads nowhere is found", () => {
  const text = [
    "[a](docs/nothing.md) [b](README.md#nothing) [c](../outside.md) [d](#no)",
    "[e](docs/README.md) [f](https://example.com) [g](README.md#license) `[h](i)`",
    "```\n[j](k)\n```",
  ].join("\n");
  expect(findBrokenLinks("README.md", text)).toEqual([
    "docs/nothing.md",
    "README.md#nothing",
    "../outside.md",
    "#no",
  ]);
});

test("the index names every page of docs once, in the order of their folders", () => {
  const index = proseOf(readFileSync(join(root, "docs/README.md"), "utf8"));
  const linked = Array.from(
    index.matchAll(/^\|? ?-? ?\[[^\]]+\]\(([^)\s]+\.md)\)/gm),
    ([, link = ""]) => link,
  );
  const there = pages
    .filter((page) => page.startsWith("docs/") && page !== "docs/README.md")
    .map((page) => page.slice("docs/".length));
  expect([...linked].sort()).toEqual(there.sort());
  const folders = linked.map((link) => dirname(link));
  const order = folders.filter(
    (folder, index) => folder !== folders[index - 1],
  );
  expect(order).toEqual([...new Set(folders)]);
});

test("the README fits on few screens", () => {
  const lines = readFileSync(join(root, "README.md"), "utf8").split("\n");
  expect(lines.length - 1).toBeLessThan(150);
});
