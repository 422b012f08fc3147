import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { Lockout } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { lockOf, nameOf, worstFactor } from "../parts/format.tsx";
import { lockedTexts } from "../texts/locked-users.ts";
import { reasonTexts, texts } from "../texts/shared.ts";

/**
 * A cell. Names are chosen by strangers: one that a spreadsheet would take for a formula gets an apostrophe, as it does where blanks, line breaks
 * or characters that nobody sees stand before. Some spreadsheets take the wide forms of these characters too.
 */
function cell(text: string): string {
  const safe = /^[\s\p{C}]*[=+\-@＝＋－＠]|^[\t\r\n]/u.test(text)
    ? `'${text}`
    : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

function line(cells: readonly string[]): string {
  return `${cells.map(cell).join(",")}\r\n`;
}

/** The names of the columns. */
export function csvHead(): string {
  return line([
    ...[lockedTexts.id, texts.user, lockedTexts.organizationId],
    ...[texts.reason, texts.since, texts.until],
    ...[texts.factor, texts.failures, texts.lastAddress],
  ]);
}

/** Locked users as lines of CSV. */
export function csvRows(users: readonly Lockout[]): string {
  return users
    .map((user) => {
      const { reason, lockTime, lockEndTime } = lockOf(user);
      const { name, failures } = worstFactor(user);
      return line([
        ...[user.userId, nameOf(user), user.resourceOwner],
        ...[reasonTexts[reason] ?? "", exact(lockTime), exact(lockEndTime)],
        ...[name, String(failures), user.lastAddress],
      ]);
    })
    .join("");
}

function exact(time: Timestamp | undefined): string {
  return time === undefined ? "" : timestampDate(time).toISOString();
}
