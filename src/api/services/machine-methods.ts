import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { KeyType } from "../../../gen/zitadel/auth_n_key_pb.js";
import type { KeySchema } from "../../../gen/zitadel/auth_n_key_pb.js";
import type { ManagementService } from "../../../gen/zitadel/management_pb.js";
import { AccessTokenType } from "../../../gen/zitadel/user_pb.js";
import { getCaller } from "../../auth/caller.ts";
import {
  removeAccount,
  removeAccountKey,
  removeAccountSecret,
} from "../../lockout/account/account.ts";
import type {
  Account,
  AccountKey,
} from "../../lockout/account/account-record.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { AccountStore } from "../../store/accounts.ts";
import type { EventStore, RecordedEvent } from "../../store/events.ts";
import type { Store } from "../../store/store.ts";
import type { UserStore } from "../../store/users.ts";
import type { AccountCommands } from "../accounts/account-commands.ts";
import { findAccountFor } from "../accounts/accounts.ts";
import { changedDetails, createdDetails } from "../messages/details.ts";
import { readPart, windowOf } from "../requests/list-window.ts";
import { expiryMs } from "../messages/moment.ts";
import { requireUserId } from "../users/subjects.ts";

/** What the methods read. */
type MachineStore = AccountStore &
  Pick<EventStore, "listEvents"> &
  Pick<UserStore, "deleteUser"> &
  Pick<Store, "now">;

/** The methods of zitadel.management.v1.ManagementService that are about service accounts: ZITADEL's names for what AccessService does. */
export function createMachineMethods(
  store: MachineStore,
  accounts: AccountCommands,
): Pick<
  ServiceImpl<typeof ManagementService>,
  | "addMachineUser"
  | "removeUser"
  | "addMachineKey"
  | "getMachineKeyByIDs"
  | "listMachineKeys"
  | "removeMachineKey"
  | "generateMachineSecret"
  | "removeMachineSecret"
> {
  const changed = async (account: Account) => ({
    details: changedDetails(await lastEventOf(store, account)),
  });
  return {
    async addMachineUser(request, context) {
      const { userName: loginName, name, description, userId = "" } = request;
      const isUsual = request.accessTokenType === AccessTokenType.BEARER;
      if (description !== "" || userId !== "" || !isUsual) {
        throw new LockoutError("machineByNameOnly");
      }
      const { orgId } = getCaller(context.values);
      const account = await accounts.create(
        { loginName, name, orgId, roles: [] },
        context,
      );
      const event = await lastEventOf(store, account);
      return { userId: account.id, details: createdDetails(event) };
    },

    async removeUser({ id }, context) {
      const caller = getCaller(context.values);
      const account = await findAccountFor(store, caller, id, "user.delete");
      if (account !== undefined) {
        return changed(await accounts.change(id, context, removeAccount));
      }
      const { orgId } = caller;
      const userId = requireUserId(id);
      if (!(await store.deleteUser({ orgId, userId }, caller.id))) {
        throw new LockoutError("userUnknown");
      }
      const [event] = await store.listEvents({
        ...{ ascending: false, limit: 1, types: ["user.removed"] },
        ...{ aggregateId: userId, aggregateTypes: ["user"] },
        resourceOwner: orgId,
      });
      return { details: event && changedDetails(event) };
    },

    async addMachineKey(request, context) {
      const { userId, expirationDate, publicKey } = request;
      const { key, file } = await accounts.addKey(
        userId,
        {
          expirationDate: expirationDate && expiryMs(expirationDate),
          ...{ publicKey, fileType: "serviceaccount" },
        },
        context,
      );
      const account = await accounts.find(userId, context, "user.write");
      return {
        ...{ keyId: key.id, keyDetails: Buffer.from(file) },
        details: createdDetails(await lastEventOf(store, account)),
      };
    },

    async getMachineKeyByIDs({ userId, keyId }, context) {
      const account = await accounts.find(userId, context, "user.read");
      const key = await store.findAccountKey(account.id, keyId);
      if (key === undefined) {
        throw new LockoutError("keyUnknown");
      }
      return { key: keyOf(key, account) };
    },

    async listMachineKeys({ userId, query }, context: HandlerContext) {
      const account = await accounts.find(userId, context, "user.read");
      const { total, items } = await readPart(
        await store.listAccountKeys(account.id),
        windowOf(query),
        { fits: () => true, signal: context.signal },
      );
      return {
        details: {
          totalResult: BigInt(total),
          viewTimestamp: timestampFromMs(store.now()),
        },
        result: items.map((key) => keyOf(key, account)),
      };
    },

    removeMachineKey: async ({ userId, keyId }, context) =>
      changed(await accounts.change(userId, context, removeAccountKey(keyId))),

    async generateMachineSecret({ userId }, context) {
      const { account, clientSecret } = await accounts.setSecret(
        ...([userId, context] as const),
      );
      const { details } = await changed(account);
      return { clientId: account.loginName, clientSecret, details };
    },

    removeMachineSecret: async ({ userId }, context) =>
      changed(await accounts.change(userId, context, removeAccountSecret)),
  };
}

/** The last event of an account, whose command has just written one. */
export async function lastEventOf(
  store: Pick<AccountStore, "findAccountEvents">,
  account: Account,
): Promise<RecordedEvent> {
  const { last } = await store.findAccountEvents(account);
  if (last === undefined) {
    throw new Error("an account without an event");
  }
  return last;
}

function keyOf(
  { id, creationDate, expirationDate }: AccountKey,
  { orgId }: Account,
): MessageInitShape<typeof KeySchema> {
  return {
    id,
    type: KeyType.JSON,
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
