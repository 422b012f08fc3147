import { createClient } from "@connectrpc/connect";
import type { Client } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { openDoors } from "../support/protocol-variants.ts";
import type { Door } from "../support/protocol-variants.ts";
import type { TestServer } from "../support/server.ts";
import type { Stage } from "./situation.ts";

let stages = 0;

/** What all stages of a server share, so that a thousand stages are not a thousand connections. */
interface Backstage {
  readonly access: Client<typeof AccessService>;
  readonly door: Door;
}

const backstages = new WeakMap<TestServer, Backstage>();

function backstageOf(server: TestServer): Backstage {
  let backstage = backstages.get(server);
  if (backstage === undefined) {
    const { url } = server;
    const [door] = openDoors(url);
    if (door === undefined) {
      throw new Error("there is no door");
    }
    const transport = createGrpcTransport({ baseUrl: url });
    backstage = { access: createClient(AccessService, transport), door };
    backstages.set(server, backstage);
  }
  return backstage;
}

/** Sets a stage: an organisation with an owner, as an administrator makes them. */
export async function setStage(server: TestServer): Promise<Stage> {
  const { access } = backstageOf(server);
  const headers = { authorization: `Bearer ${server.adminToken}` };
  stages += 1;
  const { organizationId } = await access.createOrganization(
    { name: `stage ${stages}` },
    { headers },
  );
  const token: Stage["token"] = async (roles, expireInMs) => {
    const { secret } = await access.createToken(
      {
        organizationId,
        roles: [...roles],
        ...(expireInMs !== undefined && {
          expireTime: timestampFromMs(server.now() + expireInMs),
        }),
      },
      { headers },
    );
    return secret;
  };
  return {
    server,
    orgId: organizationId,
    orgOwner: await token(["ORG_OWNER"]),
    token,
    userId: `user-${stages}`,
  };
}

/** A door for what a situation needs before the call that it is about. */
export function grpcDoor({ server }: Stage): Door {
  return backstageOf(server).door;
}
