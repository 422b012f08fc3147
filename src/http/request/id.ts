import { createContextKey } from "@connectrpc/connect";
import { randomBytes } from "node:crypto";

/** The header that carries a request's id, both ways. */
export const requestIdHeader = "x-request-id";

/** Where interceptors and methods find the id of their request. */
export const requestIdKey = createContextKey("", { description: "request id" });

const sane = /^[\w.:+/=@~-]{1,128}$/;

/** The caller's id, if it may stand in a log line as it is, else a new one. */
export function requestIdFrom(header: string | undefined): string {
  return header !== undefined && sane.test(header) ? header : newRequestId();
}

const idDigits = 32;
const idsAtOnce = 256;
/** Random digits for the next ids, and how many of them are used: to ask for those of one id costs more than the id. */
let digits = "";
let used = 0;

/** 128 random bits as hexadecimal digits. */
function newRequestId(): string {
  if (used === digits.length) {
    digits = randomBytes((idsAtOnce * idDigits) / 2).toString("hex");
    used = 0;
  }
  used += idDigits;
  return digits.slice(used - idDigits, used);
}
