import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { RequestHead } from "../request/head.ts";

/** What a page may look at in a request. */
export type PageRequest = Pick<
  RequestHead,
  "accept" | "acceptEncoding" | "ifNoneMatch"
>;

/** A page at a fixed path, for GET and HEAD. */
export interface StaticRoute {
  readonly path: string;
  /** @param rawHeaders names and values by turns, as they came */
  respond(
    request: PageRequest,
    rawHeaders: readonly string[],
  ): UniversalServerResponse | Promise<UniversalServerResponse>;
}
