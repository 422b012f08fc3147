import { textResponse } from "../response/status-response.ts";
import type { StaticRoute } from "./static-route.ts";

/**
 * Pages for probes, at ZITADEL's paths: `/debug/healthz` (the process responds) and `/debug/ready` (it can do its work, which is to write).
 *
 * @param isReady checked for each request for `/debug/ready`; a rejection is "no"
 */
export function debugPages(
  isReady: () => boolean | Promise<boolean>,
): StaticRoute[] {
  return [
    { path: "/debug/healthz", respond: () => textResponse(200, "ok") },
    {
      path: "/debug/ready",
      respond: async () => {
        let ready: boolean;
        try {
          ready = await isReady();
        } catch {
          ready = false;
        }
        // ZITADEL responds 412 here, and its probes expect it.
        return ready ? textResponse(200, "ok") : textResponse(412, "not ready");
      },
    },
  ];
}
