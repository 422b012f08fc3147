import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type { ManagementService } from "../../../gen/zitadel/management_pb.js";
import type { PersonalAccessTokenSchema } from "../../../gen/zitadel/user_pb.js";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { TokenRecord, TokenStore } from "../../store/access.ts";
import type { Store } from "../../store/store.ts";
import type { AccountCommands } from "../accounts/account-commands.ts";
import { changedDetails, createdDetails } from "../messages/details.ts";
import { readPart, windowOf } from "../requests/list-window.ts";

/** The methods of zitadel.management.v1.ManagementService that are about the personal access tokens of service accounts. */
export function createMachineTokenMethods(
  store: Pick<TokenStore, "listAccountTokens"> & Pick<Store, "now">,
  accounts: AccountCommands,
): Pick<
  ServiceImpl<typeof ManagementService>,
  | "addPersonalAccessToken"
  | "getPersonalAccessTokenByIDs"
  | "listPersonalAccessTokens"
  | "removePersonalAccessToken"
> {
  return {
    async addPersonalAccessToken({ userId, expirationDate }, context) {
      const { token, secret, event } = await accounts.addToken(
        ...([userId, expirationDate, context] as const),
      );
      return {
        ...{ tokenId: token.id, token: secret },
        details: createdDetails(event),
      };
    },

    async getPersonalAccessTokenByIDs({ userId, tokenId }, context) {
      const { id } = await accounts.find(userId, context, "user.read");
      const tokens = await store.listAccountTokens(id);
      const found = tokens.find((token) => token.id === tokenId);
      if (found === undefined) {
        throw new LockoutError("tokenUnknown");
      }
      return { token: tokenOf(found) };
    },

    async listPersonalAccessTokens({ userId, query }, context) {
      const { id } = await accounts.find(userId, context, "user.read");
      const { total, items } = await readPart(
        await store.listAccountTokens(id),
        windowOf(query),
        { fits: () => true, signal: context.signal },
      );
      return {
        details: {
          totalResult: BigInt(total),
          viewTimestamp: timestampFromMs(store.now()),
        },
        result: items.map(tokenOf),
      };
    },

    async removePersonalAccessToken({ userId, tokenId }, context) {
      const event = await accounts.removeToken(userId, tokenId, context);
      return { details: changedDetails(event) };
    },
  };
}

function tokenOf({
  id,
  orgId,
  creationDate,
  expirationDate,
}: TokenRecord): MessageInitShape<typeof PersonalAccessTokenSchema> {
  return {
    id,
    details: {
      creationDate: timestampFromMs(creationDate),
      changeDate: timestampFromMs(creationDate),
      resourceOwner: orgId,
    },
    ...(expirationDate !== undefined && {
      expirationDate: timestampFromMs(expirationDate),
    }),
  };
}
