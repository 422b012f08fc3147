import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { LockReason } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { ListLockedUsersRequestSchema } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { Session } from "../session/session.ts";

/** Which locked users are shown. */
export interface Filter {
  /** UNSPECIFIED for any. */
  readonly reason: LockReason;
  /** For how long at most they have been locked, in milliseconds; 0 for any time. */
  readonly sinceMs: number;
  /** What the id or a login name begins with. */
  readonly namePrefix: string;
}

/** Shows all. */
export const noFilter: Filter = {
  reason: LockReason.UNSPECIFIED,
  sinceMs: 0,
  namePrefix: "",
};

/** Whether some are left out. */
export function isFiltered({ reason, sinceMs, namePrefix }: Filter): boolean {
  return (
    reason !== LockReason.UNSPECIFIED || sinceMs > 0 || namePrefix.trim() !== ""
  );
}

/**
 * Asks for those who fit, who was locked last first.
 *
 * @param now milliseconds since 1970 UTC: the same for all pages of a list
 */
export function listRequest(
  { isAll }: Session,
  { reason, sinceMs, namePrefix }: Filter,
  now: number,
): MessageInitShape<typeof ListLockedUsersRequestSchema> {
  return {
    ...{ reason, namePrefix: namePrefix.trim(), allOrganizations: isAll },
    orderBy: "lock_time desc",
    ...(sinceMs > 0 && { since: timestampFromMs(now - sinceMs) }),
  };
}
