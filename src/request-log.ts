import type { Logger } from "pino";
import type { createCallFields } from "./api/requests/call-fields.ts";
import { recordFields } from "./http/request/record.ts";
import type { RequestRecord } from "./http/request/record.ts";
import { createRecordLog } from "./telemetry/log.ts";

/** A line of the log for each request that `isLeftOut` does not name. */
export function createRequestLog(
  log: Logger,
  callFields: ReturnType<typeof createCallFields>,
  traceFields: (() => string) | undefined,
  isLeftOut: (record: RequestRecord) => boolean,
): (record: RequestRecord) => void {
  const write = createRecordLog<RequestRecord>(
    log,
    "request",
    (record) =>
      recordFields(record) +
      callFields(record.values) +
      (traceFields?.() ?? ""),
  );
  return (record) => {
    if (!isLeftOut(record)) {
      write(record);
    }
  };
}
