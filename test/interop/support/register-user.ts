import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import {
  UserService,
  UserState,
} from "../../../gen/lockout/v1/user_service_pb.js";
import type { Stage } from "../../cases/situation.ts";

/** Registers the stage's user, since foreign clients have no call for that. */
export async function registerUser({
  server,
  orgOwner,
  userId,
}: Stage): Promise<void> {
  const users = createClient(
    UserService,
    createConnectTransport({ baseUrl: server.url, httpVersion: "1.1" }),
  );
  await users.putUser(
    { userId, state: UserState.ACTIVE },
    { headers: { authorization: `Bearer ${orgOwner}` } },
  );
}
