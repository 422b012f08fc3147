import type { RequestRecord } from "./record.ts";

/**
 * Recognises requests of probes that got the expected response: of a healthy server there are many, and they say nothing. What is refused or fails is
 * none of them.
 *
 * @param paths of pages for probes
 * @param rpcs `package.Service/Method` of calls for probes
 */
export function createProbeFilter(
  paths: Iterable<string>,
  rpcs: Iterable<string>,
): (record: RequestRecord) => boolean {
  const probePaths = new Set(paths);
  const probeRpcs = new Set(rpcs);
  return ({ status, grpcStatus = 0, rpc, path }) =>
    status === 200 &&
    grpcStatus === 0 &&
    (rpc === undefined ? probePaths.has(path) : probeRpcs.has(rpc));
}
