import type { Transcoder, TranscodingMatch } from "../transcoding/index.ts";
import type { Rpc } from "./rpc/mounted-methods.ts";
import type { Endpoint } from "./endpoint.ts";
import type { StaticRoute } from "./pages/static-route.ts";

/** What handles a request. */
export type Route =
  | { readonly kind: "rpc"; readonly rpc: Rpc }
  | {
      readonly kind: "rest";
      readonly transcoder: Transcoder;
      readonly match: TranscodingMatch;
    }
  | { readonly kind: "page"; readonly page: StaticRoute }
  | { readonly kind: "endpoint"; readonly endpoint: Endpoint }
  | { readonly kind: "not-found" };

/** Finds the route of a request: exact RPC path, then templates, then pages. */
export type Router = (method: string, target: string, path: string) => Route;

const notFound: Route = { kind: "not-found" };

/** @throws Error when two pages have the same path */
export function createRouter(
  rpcs: ReadonlyMap<string, Rpc>,
  transcoder: Transcoder | undefined,
  pages: readonly StaticRoute[],
  endpoints: readonly Endpoint[],
): Router {
  const exact = new Map<string, Route>();
  for (const page of pages) {
    if (exact.has(page.path)) {
      throw new Error(`two pages at ${page.path}`);
    }
    exact.set(page.path, { kind: "page", page });
  }
  for (const endpoint of endpoints) {
    if (exact.has(endpoint.path)) {
      throw new Error(`two pages at ${endpoint.path}`);
    }
    exact.set(endpoint.path, { kind: "endpoint", endpoint });
  }
  const calls = new Map<string, Route>();
  for (const [path, rpc] of rpcs) {
    calls.set(path, { kind: "rpc", rpc });
  }
  return (method, target, path) => {
    const call = calls.get(path);
    if (call !== undefined) {
      return call;
    }
    if (transcoder !== undefined) {
      const match = transcoder.match(method, target);
      if (match.kind !== "not-found") {
        return { kind: "rest", transcoder, match };
      }
    }
    return exact.get(path) ?? notFound;
  };
}
