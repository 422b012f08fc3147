import { policyTexts, scopeTexts } from "../texts/policy.ts";
import { kindOf } from "./settings.ts";
import type { SettingName } from "./settings.ts";

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

const mostMs = 365 * 86_400_000;
const mostCount = 2 ** 32 - 1;

/** A setting as it is written into its field; empty for none. */
export function fieldText(name: SettingName, value: number): string {
  const kind = kindOf(name);
  if (value === 0 && kind !== "number" && kind !== "scope") {
    return "";
  }
  return kind === "span" ? spanText(value) : String(value);
}

/** A setting as it is read. */
export function valueText(name: SettingName, value: number): string {
  if (kindOf(name) === "scope") {
    return value === 1 ? scopeTexts.factor : scopeTexts.user;
  }
  return fieldText(name, value) || policyTexts.none;
}

/** A time span in its largest unit, as fields take it: `90s`, `15m`, `24h`, `2d`. */
function spanText(ms: number): string {
  // A day is said in hours, as policies do.
  const [unit, size] = units.find(
    ([name, length]) => ms % length === 0 && (name !== "d" || ms >= 2 * length),
  ) ?? ["ms", 1];
  return `${ms / size}${unit}`;
}

/** What is written in a field; undefined where it is no value of the setting. */
export function parseSetting(
  name: SettingName,
  text: string,
): number | undefined {
  const written = text.trim().toLowerCase();
  const kind = kindOf(name);
  if (kind !== "number" && (written === "" || written === policyTexts.none)) {
    return 0;
  }
  switch (kind) {
    case "span":
      return parseSpan(written);
    case "factor":
      return /^\d{1,2}(?:\.\d{1,6})?$/.test(written)
        ? Number(written)
        : undefined;
    case "number":
    case "count":
    case "scope":
      return /^\d{1,10}$/.test(written) && Number(written) <= mostCount
        ? Number(written)
        : undefined;
  }
}

function parseSpan(text: string): number | undefined {
  if (text === "0") {
    return 0;
  }
  const [, count = "", unit = ""] =
    /^(\d{1,9}(?:\.\d{1,3})?) ?(ms|s|m|min|h|d)$/.exec(text) ?? [];
  const [, size] = units.find(
    ([name]) => name === (unit === "min" ? "m" : unit),
  ) ?? ["", 0];
  const ms = Number(count) * size;
  return size === 0 || !Number.isInteger(ms) || ms > mostMs ? undefined : ms;
}
