import type { JsonObject } from "@bufbuild/protobuf";
import { createServiceImplSpec } from "@connectrpc/connect";
import { descriptions } from "../gen/descriptions/descriptions.js";
import { examples } from "./api/examples.ts";
import { pathPrefixes } from "./api/services.ts";
import { successStatusOf } from "./api/success-status.ts";
import { systemParameters } from "./api/events/watch-events.ts";
import { readVersion } from "./telemetry/version.ts";
import { createTranscoder, describeRoutes } from "./transcoding/index.ts";

/** The JSON calls as an OpenAPI 3.1 document, from the rules by which they are served. */
export function describeApi(): JsonObject {
  const { routes } = createTranscoder({
    services: Array.from(pathPrefixes, ([service, prefix]) => ({
      // The rules alone are asked for: nothing is called.
      spec: createServiceImplSpec(service, {}),
      prefix,
    })),
  });
  return describeRoutes(routes, {
    title: "lockoutd",
    version: readVersion(),
    description:
      "Account lockout as a service: ZITADEL's lockout policy API, and attempts that are counted exactly. " +
      "The header x-zitadel-orgid names the organisation of a call, else it is the token's own.",
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    systemParameters,
    successStatus: successStatusOf,
    descriptions,
    examples,
    security: { token: { type: "http", scheme: "bearer" } },
  });
}
