// The script of the test page: runs in the browser, with the packages as npm installed them.
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-web";
import { AdminService } from "/files/gen/zitadel/admin_pb.js";
import { ErrorDetailSchema } from "/files/gen/zitadel/message_pb.js";

const transports = {
  "gRPC-Web": createGrpcWebTransport,
  Connect: createConnectTransport,
};

/** Updates the default policy; the answer is of plain values, so that the test can read it. */
globalThis.updateLockoutPolicy = async ({
  protocol,
  baseUrl,
  token,
  limits,
}) => {
  const client = createClient(AdminService, transports[protocol]({ baseUrl }));
  try {
    const { details } = await client.updateLockoutPolicy(limits, {
      headers: { authorization: `Bearer ${token}`, "x-zitadel-orgid": "" },
    });
    return { resourceOwner: details.resourceOwner };
  } catch (reason) {
    const error = ConnectError.from(reason);
    return {
      code: Code[error.code],
      message: error.rawMessage,
      details: error
        .findDetails(ErrorDetailSchema)
        .map(({ id, message }) => ({ id, message })),
    };
  }
};
