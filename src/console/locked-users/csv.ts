import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Lockout } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { nameOf, worstFactor } from "../parts/format.tsx";
import { reasonTexts, texts } from "../texts/shared.ts";

/**
 * A cell. Names are chosen by strangers: one that a spreadsheet would take for a formula gets an apostrophe, as it does where a blank or a
 * line break stands before.
 */
function cell(text: string): string {
  const safe = /^[\s]*[=+\-@]|^[\t\r\n]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

/** The locked users as CSV, with a line of names first. */
export function lockedCsv(users: readonly Lockout[]): string {
  const rows = users.map((user) => {
    const { name, failures } = worstFactor(user);
    const at = (time: Lockout["lockTime"]) =>
      time === undefined ? "" : timestampDate(time).toISOString();
    return [
      ...[user.userId, nameOf(user), user.resourceOwner],
      ...[reasonTexts[user.reason] ?? "", at(user.lockTime)],
      ...[at(user.lockEndTime), name, String(failures), user.lastAddress],
    ];
  });
  const head = [
    ...["Id", texts.user, texts.organization, texts.reason, texts.since],
    ...[texts.until, texts.factor, texts.failures, texts.lastAddress],
  ];
  return [head, ...rows]
    .map((row) => `${row.map(cell).join(",")}\r\n`)
    .join("");
}

/** Has the browser save a text as a file. */
export function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
