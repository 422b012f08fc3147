import { expect, it } from "vitest";
import {
  presetNames,
  presetTable,
} from "../../src/lockout/budget/preset-table.ts";
import type { PresetName } from "../../src/lockout/budget/preset-table.ts";
import { checkPreset } from "../../src/lockout/budget/presets.ts";
import { remedyText } from "../../src/lockout/budget/remedy.ts";
import { noRules } from "../../src/lockout/policy/rules.ts";

// The page is made from the table: `npm run docs:reference` writes it anew.

function section(name: PresetName): readonly string[] {
  const { source, edition, policy } = presetTable[name];
  const { requirements } = checkPreset(name, policy, noRules);
  return [
    `## ${name}`,
    "",
    `${source}. Edition: ${edition}.`,
    "",
    ...requirements.map(
      ({ text, verdict }) =>
        `- ${text}${verdict === "not_decided" ? " (not decided by a lockout policy)" : ""}`,
    ),
    "",
    `A policy that meets it: \`${remedyText(policy)}\``,
    "",
  ];
}

it("docs/reference/presets.md has every preset, with what it asks", async () => {
  const page = [
    "# Presets",
    "",
    "What standards and controls ask of a lockout policy, as far as they name numbers, in the strictest reading. CheckPolicy and",
    "`lockoutd policy check` hold a policy against them, and say of each requirement whether it is met, is missed (and the values that would meet",
    "it), or is not decided by a lockout policy. `lockoutd policy set --preset NAME` changes what is missed, and `--dry-run` shows it first.",
    "",
    "- Passwords and one-time codes each have a limit, which must meet the requirement by itself. A limit of 0 never locks.",
    "- Where a time names no end, such as a window of 0 (a failure is never forgotten), it is long enough.",
    "- Known devices add ten times their chances to the failures where a preset adds up failures. Elsewhere they miss it, since no lock closes",
    "  them.",
    "- CJIS, IRS 1075, HIPAA, ISO 27002, ASVS 5.0 and BSI name no number: they have no preset.",
    "",
    "| preset | source | edition |",
    "| --- | --- | --- |",
    ...presetNames.map((name) => {
      const { source, edition } = presetTable[name];
      return `| [${name}](#${name.replaceAll(".", "")}) | ${source} | ${edition} |`;
    }),
    "",
    ...presetNames.flatMap(section),
  ].join("\n");
  await expect(page).toMatchFileSnapshot("../../docs/reference/presets.md");
});
