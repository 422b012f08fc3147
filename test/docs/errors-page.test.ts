import { expect, it } from "vitest";
import { errorCatalogue } from "../../src/lockout/errors/errors.ts";

// The page is made from the catalogue: `npm run docs:reference` writes it anew.
it("docs/reference/errors.md lists every error", async () => {
  const rows = Object.values(errorCatalogue).map(
    ({ id, code, key, when }) =>
      `| ${id === "" ? "–" : `\`${id}\``} | ${code} | \`${key}\` | ${when} |`,
  );
  const page = [
    "# Errors",
    "",
    "Every error that lockoutd itself defines. The status message is `<key> (<id>)`, and its only detail is a",
    "`zitadel.v1.ErrorDetail` with the id and the key. Ids and keys without `LOCKOUTD` are ZITADEL's.",
    "",
    "| id | code | key | when |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
  await expect(page).toMatchFileSnapshot("../../docs/reference/errors.md");
});

it("no two errors share an id", () => {
  const ids = Object.values(errorCatalogue)
    .map(({ id }) => id)
    .filter((id) => id !== "");
  expect(new Set(ids).size).toBe(ids.length);
});
