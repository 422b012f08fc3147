/** @grpc/grpc-js, with protobuf-es for its messages, as we have. */
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { handleUnaryCall, MethodDefinition } from "@grpc/grpc-js";
import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import {
  AdminService,
  GetLockoutPolicyRequestSchema,
  GetLockoutPolicyResponseSchema,
} from "../../../gen/zitadel/admin_pb.js";
import type {
  GetLockoutPolicyRequest,
  GetLockoutPolicyResponse,
} from "../../../gen/zitadel/admin_pb.js";
import { policyAnswer } from "./answers.ts";
import { announce, expectedAuthorization } from "./peer-process.ts";

const expected = expectedAuthorization();

const definition: MethodDefinition<
  GetLockoutPolicyRequest,
  GetLockoutPolicyResponse
> = {
  path: `/${AdminService.typeName}/GetLockoutPolicy`,
  requestStream: false,
  responseStream: false,
  requestSerialize: (message) =>
    Buffer.from(toBinary(GetLockoutPolicyRequestSchema, message)),
  requestDeserialize: (bytes) =>
    fromBinary(GetLockoutPolicyRequestSchema, bytes),
  responseSerialize: (message) =>
    Buffer.from(toBinary(GetLockoutPolicyResponseSchema, message)),
  responseDeserialize: (bytes) =>
    fromBinary(GetLockoutPolicyResponseSchema, bytes),
};

const getLockoutPolicy: handleUnaryCall<
  GetLockoutPolicyRequest,
  GetLockoutPolicyResponse
> = ({ metadata }, answer) => {
  if (metadata.get("authorization")[0] === expected) {
    answer(null, policyAnswer);
  } else {
    answer({ code: status.UNAUTHENTICATED, details: "invalid token" });
  }
};

const server = new Server();
server.addService(
  { getLockoutPolicy: definition },
  {
    getLockoutPolicy,
  },
);
server.bindAsync(
  "127.0.0.1:0",
  ServerCredentials.createInsecure(),
  (error, port) => {
    if (error !== null) {
      throw error;
    }
    announce({ grpc: port });
  },
);
