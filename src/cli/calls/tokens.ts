import type { Token } from "../../../gen/lockout/v1/access_service_pb.js";
import type { Clients } from "../transport/clients.ts";
import { allItems } from "./pages.ts";

/** All tokens, oldest first, also those that were revoked where these are asked for. */
export function listTokens(
  { access }: Pick<Clients, "access">,
  showRevoked: boolean,
): Promise<readonly Token[]> {
  return allItems(async (pageToken) => {
    const page = await access.listTokens({
      ...{ pageSize: 1000, pageToken, showRevoked },
    });
    return { items: page.tokens, next: page.nextPageToken };
  });
}
