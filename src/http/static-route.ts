import type { UniversalServerResponse } from "@connectrpc/connect/protocol";

/** A page at a fixed path, for GET and HEAD. */
export interface StaticRoute {
  readonly path: string;
  respond(): UniversalServerResponse | Promise<UniversalServerResponse>;
}
