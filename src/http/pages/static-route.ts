import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { RequestHead } from "../request/head.ts";

/** What a page may look at in a request. */
export type PageRequest = Pick<RequestHead, "acceptEncoding" | "ifNoneMatch">;

/** A page at a fixed path, for GET and HEAD. */
export interface StaticRoute {
  readonly path: string;
  respond(
    request: PageRequest,
  ): UniversalServerResponse | Promise<UniversalServerResponse>;
}
