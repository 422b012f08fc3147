import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { incompleteResponse } from "./failure.ts";
import { toTime } from "./output.ts";

/** A time that every response has, as RFC 3339 in UTC. @throws OperationError where it lacks */
export function requiredTime(time: Timestamp | undefined): string {
  if (time === undefined) {
    throw incompleteResponse();
  }
  return toTime(timestampMs(time));
}
