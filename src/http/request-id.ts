import { createContextKey } from "@connectrpc/connect";
import { randomUUID } from "node:crypto";

/** The header that carries a request's id, both ways. */
export const requestIdHeader = "x-request-id";

/** Where interceptors and methods find the id of their request. */
export const requestIdKey = createContextKey("", { description: "request id" });

const sane = /^[\w.:+/=@~-]{1,128}$/;

/** The caller's id, if it may stand in a log line as it is, else a new one. */
export function requestIdFrom(header: string | undefined): string {
  return header !== undefined && sane.test(header) ? header : randomUUID();
}
