import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { KeyType } from "../../../gen/zitadel/auth_n_key_pb.js";
import type { KeySchema } from "../../../gen/zitadel/auth_n_key_pb.js";
import type { ManagementService } from "../../../gen/zitadel/management_pb.js";
import { AccessTokenType } from "../../../gen/zitadel/user_pb.js";
import { getCaller } from "../../auth/caller.ts";
import {
  changeLoginName,
  describeAccount,
  removeAccount,
  removeAccountKey,
  removeAccountSecret,
} from "../../lockout/account/account.ts";
import type { DecideAccount } from "../../lockout/account/account.ts";
import type {
  Account,
  AccountKey,
} from "../../lockout/account/account-record.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { AccountStore } from "../../store/accounts.ts";
import type { Store } from "../../store/store.ts";
import type { UserStore } from "../../store/users.ts";
import { requireLoginName } from "../accounts/account-commands.ts";
import type { AccountCommands } from "../accounts/account-commands.ts";
import { findAccountFor } from "../accounts/accounts.ts";
import {
  changedDetails,
  createdDetails,
  onlyEvent,
} from "../messages/details.ts";
import { readPart, windowOf } from "../requests/list-window.ts";
import { expiryMs } from "../messages/moment.ts";
import { requireUserId } from "../users/subjects.ts";

/** What the methods read. */
type MachineStore = AccountStore &
  Pick<UserStore, "deleteUser" | "findUser"> &
  Pick<Store, "now">;

/** The methods of zitadel.management.v1.ManagementService that are about service accounts: ZITADEL's names for what AccessService does. */
export function createMachineMethods(
  store: MachineStore,
  accounts: AccountCommands,
): Pick<
  ServiceImpl<typeof ManagementService>,
  | "addMachineUser"
  | "updateMachine"
  | "updateUserName"
  | "removeUser"
  | "addMachineKey"
  | "getMachineKeyByIDs"
  | "listMachineKeys"
  | "removeMachineKey"
  | "generateMachineSecret"
  | "removeMachineSecret"
> {
  const change = async (
    userId: string,
    context: HandlerContext,
    decide: DecideAccount,
  ) => {
    const changed = await accounts.change(userId, context, decide);
    return { details: changedDetails(onlyEvent(changed)) };
  };
  return {
    async addMachineUser(request, context) {
      const { userName: loginName, name, description, userId = "" } = request;
      requireUsual(request.accessTokenType);
      if (userId !== "") {
        throw new LockoutError("machineByNameOnly");
      }
      const { orgId } = getCaller(context.values);
      const created = await accounts.create(
        { loginName, name, description, orgId, roles: [] },
        context,
      );
      return {
        userId: created.result.id,
        details: createdDetails(onlyEvent(created)),
      };
    },

    async updateMachine(request, context) {
      const { userId, name, description, accessTokenType } = request;
      requireUsual(accessTokenType);
      if (name === "") {
        throw new LockoutError("accountNameInvalid");
      }
      return change(userId, context, describeAccount(name, description));
    },

    async updateUserName({ userId, userName }, context) {
      requireLoginName(userName);
      const caller = getCaller(context.values);
      const account = await findAccountFor(store, caller, userId, "user.write");
      if (account !== undefined) {
        return change(userId, context, changeLoginName(userName));
      }
      const { orgId } = caller;
      const key = { orgId, userId: requireUserId(userId) };
      const isUser = (await store.findUser(key)) !== undefined;
      throw new LockoutError(isUser ? "userNameOfUser" : "userUnknown");
    },

    async removeUser({ id }, context) {
      const caller = getCaller(context.values);
      const account = await findAccountFor(store, caller, id, "user.delete");
      if (account !== undefined) {
        return change(id, context, removeAccount);
      }
      const { orgId } = caller;
      const userId = requireUserId(id);
      const event = await store.deleteUser({ orgId, userId }, caller.id);
      if (event === undefined) {
        throw new LockoutError("userUnknown");
      }
      return { details: changedDetails(event) };
    },

    async addMachineKey(request, context) {
      const { userId, expirationDate, publicKey } = request;
      const { key, file, event } = await accounts.addKey(
        userId,
        {
          expirationDate: expirationDate && expiryMs(expirationDate),
          ...{ publicKey, fileType: "serviceaccount" },
        },
        context,
      );
      return {
        ...{ keyId: key.id, keyDetails: Buffer.from(file) },
        details: createdDetails(event),
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

    removeMachineKey: ({ userId, keyId }, context) =>
      change(userId, context, removeAccountKey(keyId)),

    async generateMachineSecret({ userId }, context) {
      const { account, clientSecret, event } = await accounts.setSecret(
        ...([userId, context] as const),
      );
      const details = changedDetails(event);
      return { clientId: account.loginName, clientSecret, details };
    },

    removeMachineSecret: ({ userId }, context) =>
      change(userId, context, removeAccountSecret),
  };
}

/** @throws LockoutError where a machine shall have what would not be kept */
function requireUsual(type: AccessTokenType): void {
  if (type !== AccessTokenType.BEARER) {
    throw new LockoutError("machineByNameOnly");
  }
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
