/**
 * The server under test, as the conformance runner starts it: it reads how to
 * listen from standard input, and says where it listens on standard output.
 *
 * @see https://github.com/connectrpc/conformance/blob/main/docs/testing_servers.md
 */
import {
  create,
  createRegistry,
  fromBinary,
  toBinary,
} from "@bufbuild/protobuf";
import { toConnectError } from "../../src/api/errors.ts";
import { createHttpServer } from "../../src/http/http-server.ts";
import { mostRequestSize } from "../../src/http/limits.ts";
import {
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
} from "./gen/connectrpc/conformance/v1/server_compat_pb.js";
import { file_connectrpc_conformance_v1_service } from "./gen/connectrpc/conformance/v1/service_pb.js";
import { conformanceService } from "./service.ts";

const request = fromBinary(ServerCompatRequestSchema, await readMessage());
const { serverCreds, clientTlsCert } = request;
const reportFault = (fault: unknown) => {
  console.error(fault);
};
const server = createHttpServer({
  services: [conformanceService],
  // As the calls of lockout have it: a gate that is awaited, and errors made of whatever is thrown.
  handlerOptions: {
    requestGate: () => Promise.resolve(),
    jsonOptions: {
      registry: createRegistry(file_connectrpc_conformance_v1_service),
    },
  },
  mapError: (error) => toConnectError(error, reportFault),
  limits: {
    // The suite wants messages without a limit where it asks for none.
    maxRequestSize:
      request.messageReceiveLimit > 0
        ? request.messageReceiveLimit
        : mostRequestSize,
  },
  ...(request.useTls && serverCreds !== undefined
    ? {
        tls: {
          cert: Buffer.from(serverCreds.cert),
          key: Buffer.from(serverCreds.key),
          ...(clientTlsCert.byteLength > 0
            ? { clientCa: Buffer.from(clientTlsCert) }
            : {}),
        },
      }
    : {}),
  onFault: reportFault,
});
process.once("SIGTERM", () => {
  void server.close();
});
const { host, port } = await server.listen({ host: "127.0.0.1", port: 0 });
writeMessage(
  toBinary(
    ServerCompatResponseSchema,
    create(ServerCompatResponseSchema, {
      host,
      port,
      ...(request.useTls && serverCreds !== undefined
        ? { pemCert: serverCreds.cert }
        : {}),
    }),
  ),
);

/** Messages stand behind their length in four bytes. */
async function readMessage(): Promise<Uint8Array> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length < 4) {
      continue;
    }
    const end = 4 + bytes.readUInt32BE();
    if (bytes.length >= end) {
      return bytes.subarray(4, end);
    }
  }
  throw new Error("standard input ended before the request was complete");
}

function writeMessage(message: Uint8Array): void {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  process.stdout.write(Buffer.concat([length, message]));
}
