import { createContextKey } from "@connectrpc/connect";
import { randomFillSync } from "node:crypto";

/** The header that carries a request's id, both ways. */
export const requestIdHeader = "x-request-id";

/** Where interceptors and methods find the id of their request. */
export const requestIdKey = createContextKey("", { description: "request id" });

const sane = /^[\w.:+/=@~-]{1,128}$/;

/** The caller's id, if it may stand in a log line as it is, else a new one. */
export function requestIdFrom(header: string | undefined): string {
  return header !== undefined && sane.test(header) ? header : newRequestId();
}

const idBytes = 16;
/** Random bytes for the next ids, and how many of them are used: a call for each id costs more than the id. */
const random = Buffer.alloc(256 * idBytes);
let used = random.length;

/** 128 random bits as hexadecimal digits. */
function newRequestId(): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  used += idBytes;
  return random.toString("hex", used - idBytes, used);
}
