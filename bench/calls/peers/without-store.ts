/** lockoutd's HTTP server, protocols and log line, with methods that do nothing instead of the services and the store. */
import { Code, ConnectError, createServiceImplSpec } from "@connectrpc/connect";
import { AdminService } from "../../../gen/zitadel/admin_pb.js";
import { createHttpServer } from "../../../src/http/http-server.ts";
import { recordFields } from "../../../src/http/request/record.ts";
import { createLogger, createRecordLog } from "../../../src/telemetry/log.ts";
import { createTranscoder } from "../../../src/transcoding/index.ts";
import { policyAnswer, updateAnswer } from "./answers.ts";
import { announce, expectedAuthorization } from "./peer-process.ts";

const expected = expectedAuthorization();

const spec = createServiceImplSpec<typeof AdminService>(AdminService, {
  getLockoutPolicy: () => policyAnswer,
  updateLockoutPolicy: () => updateAnswer,
});

const server = createHttpServer({
  services: [spec],
  transcoder: (shared) =>
    createTranscoder({ ...shared, services: [{ spec, prefix: "/admin/v1" }] }),
  handlerOptions: {
    requestGate: ({ requestHeader }) => {
      if (requestHeader.get("authorization") !== expected) {
        throw new ConnectError("invalid token", Code.Unauthenticated);
      }
    },
  },
  onRequestEnd: createRecordLog(
    createLogger({ level: "info" }),
    "request",
    recordFields,
  ),
});

const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
announce({ grpc: port, connect: port, rest: port });
