import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { KeyFileType } from "../../../gen/lockout/v1/access_service_pb.js";
import type {
  AccessService,
  KeySchema,
  ServiceAccountSchema,
} from "../../../gen/lockout/v1/access_service_pb.js";
import { requireRoles } from "../../auth/account-permission.ts";
import { getCaller, holdsPermissionEverywhere } from "../../auth/caller.ts";
import { isRole } from "../../auth/roles.ts";
import {
  removeAccount,
  removeAccountKey,
  removeAccountSecret,
  updateAccount,
} from "../../lockout/account/account.ts";
import type {
  Account,
  AccountKey,
} from "../../lockout/account/account-record.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { InTurn } from "../../pacing/turns.ts";
import type { AccountStore } from "../../store/accounts.ts";
import type { AccountCommands } from "../accounts/account-commands.ts";
import { expiryMs } from "../messages/moment.ts";
import { readPage, turnOf } from "../requests/pages.ts";

/** The methods of lockout.v1.AccessService that are about service accounts. */
type AccountMethods = Pick<
  ServiceImpl<typeof AccessService>,
  | "createServiceAccount"
  | "listServiceAccounts"
  | "updateServiceAccount"
  | "deleteServiceAccount"
  | "addKey"
  | "listKeys"
  | "removeKey"
  | "setSecret"
  | "removeSecret"
>;

/** Makes {@link AccountMethods}. */
export function createAccountMethods(
  store: Pick<AccountStore, "listAccounts" | "listAccountKeys">,
  accounts: AccountCommands,
  inTurn: InTurn,
): AccountMethods {
  return {
    async createServiceAccount(request, context) {
      const { loginName, name, organizationId } = request;
      const { orgId } = getCaller(context.values);
      const { result } = await accounts.create(
        {
          ...{ loginName, name, roles: readRoles(request.roles) },
          orgId: organizationId === "" ? orgId : organizationId,
        },
        context,
      );
      return accountMessage(result);
    },

    async listServiceAccounts(request, context) {
      const caller = getCaller(context.values);
      const everywhere =
        !caller.isOrgNamed &&
        holdsPermissionEverywhere(caller, "iam.access.read");
      const page = await readPage(inTurn, turnOf(context), request, (asked) =>
        store.listAccounts(everywhere ? undefined : caller.orgId, asked),
      );
      return {
        serviceAccounts: page.items.map(accountMessage),
        nextPageToken: page.next ?? "",
      };
    },

    async updateServiceAccount({ userId, name, roles }, context) {
      const caller = getCaller(context.values);
      const wanted = readRoles(roles);
      const update = updateAccount(
        name === "" ? undefined : name,
        wanted.length === 0 ? undefined : wanted,
      );
      const { result } = await accounts.change(
        ...([userId, context] as const),
        (before, now) => {
          requireRoles(caller, { orgId: before.orgId, roles: wanted });
          return update(before, now);
        },
      );
      return accountMessage(result);
    },

    async deleteServiceAccount({ userId }, context) {
      await accounts.change(userId, context, removeAccount);
      return {};
    },

    async addKey({ userId, type, expireTime, publicKey }, context) {
      const { key, file } = await accounts.addKey(
        userId,
        {
          ...{ expirationDate: expireTime && expiryMs(expireTime), publicKey },
          fileType:
            type === KeyFileType.APPLICATION ? "application" : "serviceaccount",
        },
        context,
      );
      return { key: keyMessage(key), keyFile: file };
    },

    async listKeys({ userId }, context) {
      const { id } = await accounts.find(userId, context, "user.read");
      const keys = await store.listAccountKeys(id);
      return { keys: keys.map(keyMessage) };
    },

    async removeKey({ userId, keyId }, context) {
      await accounts.change(userId, context, removeAccountKey(keyId));
      return {};
    },

    async setSecret({ userId }, context) {
      const { account, clientSecret } = await accounts.setSecret(
        ...([userId, context] as const),
      );
      return { clientId: account.loginName, clientSecret };
    },

    async removeSecret({ userId }, context) {
      await accounts.change(userId, context, removeAccountSecret);
      return {};
    },
  };
}

/** Each once. @throws LockoutError where one does not exist */
function readRoles(roles: readonly string[]): readonly string[] {
  if (!roles.every(isRole)) {
    throw new LockoutError("accountRoleUnknown");
  }
  return [...new Set(roles)];
}

function accountMessage(
  account: Account,
): MessageInitShape<typeof ServiceAccountSchema> {
  return {
    userId: account.id,
    loginName: account.loginName,
    name: account.name,
    organizationId: account.orgId,
    roles: [...account.roles],
    createTime: timestampFromMs(account.creationDate),
    hasSecret: account.secret !== undefined,
  };
}

function keyMessage(key: AccountKey): MessageInitShape<typeof KeySchema> {
  return {
    keyId: key.id,
    algorithm: key.algorithm,
    createTime: timestampFromMs(key.creationDate),
    ...(key.expirationDate !== undefined && {
      expireTime: timestampFromMs(key.expirationDate),
    }),
  };
}
