/** connect-node as it comes: its adapter on Node's servers. */
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ConnectRouter, Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { AdminService } from "../../../gen/zitadel/admin_pb.js";
import { policyAnswer, updateAnswer } from "./answers.ts";
import { announce, expectedAuthorization, listen } from "./peer-process.ts";

const expected = expectedAuthorization();

const checkToken: Interceptor = (next) => (request) => {
  if (request.header.get("authorization") !== expected) {
    throw new ConnectError("invalid token", Code.Unauthenticated);
  }
  return next(request);
};

const adapter = connectNodeAdapter({
  interceptors: [checkToken],
  routes: (router: ConnectRouter) => {
    router.service(AdminService, {
      getLockoutPolicy: () => policyAnswer,
      updateLockoutPolicy: () => updateAnswer,
    });
  },
});

announce({
  grpc: await listen(createHttp2Server(adapter)),
  connect: await listen(createServer(adapter)),
});
