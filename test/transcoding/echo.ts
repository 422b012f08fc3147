import type { FileRegistry } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import {
  createHttpServer,
  type HttpServer,
} from "../../src/http/http-server.ts";
import { mostRequestSize } from "../../src/http/limits.ts";
import { Fault } from "../../src/transcoding/fault.ts";
import {
  createTranscoder,
  rpcName,
  type Transcoder,
  type TranscodingMatch,
} from "../../src/transcoding/index.ts";
import type { EchoOptions } from "./echo-options.ts";
import { echoService } from "./echo-service.ts";

const defaultMaxTargetBytes = 8192;

/** Makes the server. @throws RuleError for a rule that cannot be served. */
export function createEchoServer(
  registry: FileRegistry,
  options: EchoOptions,
  warn: (line: string) => void,
): HttpServer {
  const { behaviour, limits, handler } = options;
  const { output } = behaviour;
  const json = {
    registry,
    useProtoFieldName: output?.protoNames ?? false,
    alwaysEmitImplicit: output?.defaults ?? false,
    enumAsInteger: output?.enumNumbers ?? false,
  };
  const services = [...registry]
    .filter((desc) => desc.kind === "service")
    .map((service) => ({ spec: echoService(service, json) }));
  return createHttpServer({
    limits: {
      maxRequestSize: mostRequestSize,
      ...limits,
      // The transcoder's own limit is what is tested. HTTP/2 in Node takes no field of 64 KiB.
      maxTargetBytes:
        (behaviour.maxTargetBytes ?? 0) + 7 * defaultMaxTargetBytes,
    },
    handlerOptions: {
      // Echoes are small, and shall show whether they are compressed.
      compressMinBytes: 0,
      ...handler,
      requestGate(context) {
        context.responseHeader.set("x-rpc", rpcName(context.method));
      },
    },
    transcoder: (shared) =>
      onlyDoor(
        createTranscoder({
          ...shared,
          maxTargetBytes: defaultMaxTargetBytes,
          ...behaviour,
          registry,
          services,
          warn,
        }),
      ),
    onFault: (fault) => {
      console.error(fault);
    },
  });
}

const notFound: TranscodingMatch = {
  kind: "bad-path",
  fault: new Fault(404, Code.NotFound, "Not Found"),
};

/** Lets the transcoder answer for unknown paths, too: nothing else is served. */
function onlyDoor(transcoder: Transcoder): Transcoder {
  return {
    ...transcoder,
    match(method, target) {
      const match = transcoder.match(method, target);
      return match.kind === "not-found" ? notFound : match;
    },
  };
}
