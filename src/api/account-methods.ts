import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { KeyFileType } from "../../gen/lockout/v1/access_service_pb.js";
import type {
  AccessService,
  KeySchema,
  ServiceAccountSchema,
} from "../../gen/lockout/v1/access_service_pb.js";
import {
  keyFile,
  makeAccountSecret,
  makeKeyPair,
  readPublicKey,
} from "../auth/account-keys.ts";
import { requireRoles } from "../auth/account-permission.ts";
import {
  getCaller,
  holdsPermissionEverywhere,
  requirePermission,
} from "../auth/caller.ts";
import { isRole } from "../auth/roles.ts";
import { hashSecret } from "../auth/tokens.ts";
import {
  addAccountKey,
  maxKeysPerAccount,
  removeAccount,
  removeAccountKey,
  removeAccountSecret,
  setAccountSecret,
  updateAccount,
} from "../lockout/account.ts";
import type { DecideAccount } from "../lockout/account.ts";
import type { Account, AccountKey } from "../lockout/account-record.ts";
import { foldName } from "../lockout/alias.ts";
import { LockoutError } from "../lockout/errors.ts";
import type { InTurn } from "../pacing/turns.ts";
import type { OrgStore } from "../store/access.ts";
import type { AccountStore } from "../store/accounts.ts";
import type { Store } from "../store/store.ts";
import { findAccountFor } from "./accounts.ts";
import { expiryMs } from "./moment.ts";
import { readPage, turnOf } from "./pages.ts";

/** What the methods work with. */
type AccountMethodStore = AccountStore &
  OrgStore &
  Pick<Store, "now" | "newId">;

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

/** No control characters and other unseen ones, no blanks, and nothing that Basic or forms give a meaning. */
const notInLoginNames = /[\s%+:]|\p{C}/u;

/** Makes {@link AccountMethods}. */
export function createAccountMethods(
  store: AccountMethodStore,
  inTurn: InTurn,
): AccountMethods {
  /** Runs a command on an account that the caller may change. */
  const change = async (
    id: string,
    context: HandlerContext,
    decide: DecideAccount,
  ): Promise<Account> => {
    const caller = getCaller(context.values);
    const found = await findAccountFor(store, caller, id, "user.write");
    const changed =
      found &&
      (await store.changeAccount(id, caller.id, (account, now) => {
        requireRoles(caller, account);
        return decide(account, now);
      }));
    if (changed === undefined) {
      throw new LockoutError("accountUnknown");
    }
    return changed;
  };
  return {
    async createServiceAccount(request, context) {
      const caller = getCaller(context.values);
      const { loginName, name, organizationId } = request;
      if (notInLoginNames.test(loginName) || foldName(loginName) === "") {
        throw new LockoutError("loginNameInvalid");
      }
      const orgId = organizationId === "" ? caller.orgId : organizationId;
      requirePermission(caller, orgId, "user.write");
      if (!(await store.orgExists(orgId))) {
        throw new LockoutError("tokenOrgUnknown");
      }
      const roles = readRoles(request.roles);
      requireRoles(caller, { orgId, roles });
      return accountMessage(
        await store.createAccount({ orgId, loginName, name, roles }, caller.id),
      );
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
      const account = await change(userId, context, (before, now) => {
        requireRoles(caller, { orgId: before.orgId, roles: wanted });
        return update(before, now);
      });
      return accountMessage(account);
    },

    async deleteServiceAccount({ userId }, context) {
      await change(userId, context, removeAccount);
      return {};
    },

    async addKey(request, context) {
      const { userId, type } = request;
      const expirationDate = request.expireTime && expiryMs(request.expireTime);
      if (expirationDate !== undefined && expirationDate <= store.now()) {
        throw new LockoutError("keyExpiryPast");
      }
      const isGiven = request.publicKey.length > 0;
      const given = isGiven ? readPublicKey(request.publicKey) : undefined;
      if (isGiven && given === undefined) {
        throw new LockoutError("publicKeyInvalid");
      }
      const mayHaveMore = async () => {
        await change(userId, context, ({ keyIds }) => {
          if (keyIds.length >= maxKeysPerAccount) {
            throw new LockoutError("keysTooMany");
          }
          return { events: [] };
        });
      };
      // Before a key is made, which takes long: when it is asked for, and when it is its turn.
      await mayHaveMore();
      const made =
        given === undefined
          ? await makeKeyPair(turnOf(context), mayHaveMore)
          : undefined;
      const { algorithm, publicKey } = given ?? made ?? unreachable();
      const key: AccountKey = {
        ...{ id: store.newId(), algorithm, publicKey, expirationDate },
        creationDate: store.now(),
      };
      await change(userId, context, addAccountKey(key));
      return {
        key: keyMessage(key),
        keyFile:
          made === undefined
            ? ""
            : keyFile(
                type === KeyFileType.APPLICATION
                  ? "application"
                  : "serviceaccount",
                ...([userId, key.id, made.privateKey] as const),
              ),
      };
    },

    async listKeys({ userId }, context) {
      const caller = getCaller(context.values);
      const account = await findAccountFor(store, caller, userId, "user.read");
      if (account === undefined) {
        throw new LockoutError("accountUnknown");
      }
      const keys = await store.listAccountKeys(account.id);
      return { keys: keys.map(keyMessage) };
    },

    async removeKey({ userId, keyId }, context) {
      await change(userId, context, removeAccountKey(keyId));
      return {};
    },

    async setSecret({ userId }, context) {
      const clientSecret = makeAccountSecret();
      const secret = { id: store.newId(), hash: hashSecret(clientSecret) };
      const account = await change(userId, context, setAccountSecret(secret));
      return { clientId: account.loginName, clientSecret };
    },

    async removeSecret({ userId }, context) {
      await change(userId, context, removeAccountSecret);
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

function unreachable(): never {
  throw new Error("a key is given or made");
}
