import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { HandlerContext } from "@connectrpc/connect";
import {
  keyFile,
  makeAccountSecret,
  makeKeyPair,
  readPublicKey,
} from "../../auth/account-keys.ts";
import { requireRoles } from "../../auth/account-permission.ts";
import { getCaller, requirePermission } from "../../auth/caller.ts";
import type { Permission } from "../../auth/roles.ts";
import { hashSecret } from "../../auth/tokens.ts";
import {
  addAccountKey,
  maxKeysPerAccount,
  maxTokensPerAccount,
  setAccountSecret,
} from "../../lockout/account/account.ts";
import type { DecideAccount } from "../../lockout/account/account.ts";
import type {
  Account,
  AccountKey,
} from "../../lockout/account/account-record.ts";
import { foldName } from "../../lockout/user/alias.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { OrgStore, TokenRecord, TokenStore } from "../../store/access.ts";
import type { AccountStore, NewAccount } from "../../store/accounts.ts";
import type { Awaitable } from "../../store/awaitable.ts";
import type { Changed, RecordedEvent } from "../../store/events.ts";
import type { Store } from "../../store/store.ts";
import { onlyEvent } from "../messages/details.ts";
import { findAccountFor } from "./accounts.ts";
import { makeToken } from "./new-token.ts";
import { turnOf } from "../requests/pages.ts";

/** What the commands work with. */
export type AccountCommandStore = AccountStore &
  OrgStore &
  Pick<TokenStore, "createAccountToken" | "revokeToken"> &
  Pick<Store, "now" | "newId">;

/** A key that an account shall get. */
export interface WantedKey {
  /** Milliseconds since 1970 UTC; undefined: it is good for ever. */
  readonly expirationDate: number | undefined;
  /** PEM; empty: a key is made. */
  readonly publicKey: Uint8Array;
  readonly fileType: "application" | "serviceaccount";
}

/** No control characters and other unseen ones, no blanks, and nothing that Basic or forms give a meaning. */
const notInLoginNames = /[\s%+:]|\p{C}/u;

/** @throws LockoutError where no account can have this login name */
export function requireLoginName(loginName: string): void {
  if (notInLoginNames.test(loginName) || foldName(loginName) === "") {
    throw new LockoutError("loginNameInvalid");
  }
}

/**
 * What callers do with service accounts, by ZITADEL's calls and by ours: with the same rules, and the same refusals.
 *
 * @param checkToken checks the caller's token again, and throws LockoutError where it has ended since the call began
 */
export function createAccountCommands(
  store: AccountCommandStore,
  checkToken: (context: HandlerContext) => Awaitable<void>,
) {
  /** Runs a command on an account that the caller may change. @throws LockoutError */
  const change = async (
    id: string,
    context: HandlerContext,
    decide: DecideAccount,
  ): Promise<Changed<Account>> => {
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
  /** An account on which the caller has a permission. @throws LockoutError */
  const find = async (
    id: string,
    context: HandlerContext,
    permission: Permission,
  ): Promise<Account> => {
    const caller = getCaller(context.values);
    const account = await findAccountFor(store, caller, id, permission);
    if (account === undefined) {
      throw new LockoutError("accountUnknown");
    }
    return account;
  };
  return {
    ...{ change, find },

    /** Creates an account. @throws LockoutError */
    create: async (
      account: NewAccount,
      context: HandlerContext,
    ): Promise<Changed<Account>> => {
      const caller = getCaller(context.values);
      const { loginName, orgId } = account;
      requireLoginName(loginName);
      requirePermission(caller, orgId, "user.write");
      if (!(await store.orgExists(orgId))) {
        throw new LockoutError("tokenOrgUnknown");
      }
      requireRoles(caller, account);
      return store.createAccount(account, caller.id);
    },

    /** Gives an account a key; the file of one that is made, else it is empty. @throws LockoutError */
    addKey: async (
      userId: string,
      { expirationDate, publicKey: pem, fileType }: WantedKey,
      context: HandlerContext,
    ): Promise<{
      readonly key: AccountKey;
      readonly file: string;
      readonly event: RecordedEvent;
    }> => {
      if (expirationDate !== undefined && expirationDate <= store.now()) {
        throw new LockoutError("keyExpiryPast");
      }
      const isGiven = pem.length > 0;
      const given = isGiven ? readPublicKey(pem) : undefined;
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
          ? await makeKeyPair(turnOf(context), async () => {
              // Others' keys may have taken minutes.
              await checkToken(context);
              await mayHaveMore();
            })
          : undefined;
      const { algorithm, publicKey } = given ?? made ?? unreachable();
      const key: AccountKey = {
        ...{ id: store.newId(), algorithm, publicKey, expirationDate },
        creationDate: store.now(),
      };
      const changed = await change(userId, context, addAccountKey(key));
      return {
        ...{ key, event: onlyEvent(changed) },
        file:
          made === undefined
            ? ""
            : keyFile(fileType, userId, key.id, made.privateKey),
      };
    },

    /** Gives an account a secret. @throws LockoutError */
    setSecret: async (
      userId: string,
      context: HandlerContext,
    ): Promise<{
      readonly account: Account;
      readonly clientSecret: string;
      readonly event: RecordedEvent;
    }> => {
      const clientSecret = makeAccountSecret();
      const secret = { id: store.newId(), hash: hashSecret(clientSecret) };
      const changed = await change(userId, context, setAccountSecret(secret));
      const event = onlyEvent(changed);
      return { account: changed.result, clientSecret, event };
    },

    /** Gives an account a personal access token. @throws LockoutError */
    addToken: async (
      userId: string,
      expireTime: Timestamp | undefined,
      context: HandlerContext,
    ): Promise<{
      readonly token: TokenRecord;
      readonly secret: string;
      readonly event: RecordedEvent;
    }> => {
      const caller = getCaller(context.values);
      await find(userId, context, "user.write");
      const { secret, stored } = makeToken(expireTime, store.now());
      const created = await store.createAccountToken(
        ...([userId, stored, caller.id] as const),
        (locked) => {
          requireRoles(caller, locked);
          if (locked.tokenIds.length >= maxTokensPerAccount) {
            throw new LockoutError("accountTokensTooMany");
          }
        },
      );
      if (created === undefined) {
        throw new LockoutError("accountUnknown");
      }
      return { token: created.result, secret, event: onlyEvent(created) };
    },

    /** Ends a personal access token of an account; returns the event. @throws LockoutError */
    removeToken: async (
      userId: string,
      tokenId: string,
      context: HandlerContext,
    ): Promise<RecordedEvent> => {
      const { id: editor } = getCaller(context.values);
      await change(userId, context, ({ tokenIds }) => {
        if (!tokenIds.includes(tokenId)) {
          throw new LockoutError("tokenUnknown");
        }
        return { events: [] };
      });
      const event = await store.revokeToken(tokenId, editor);
      if (event === undefined) {
        throw new LockoutError("tokenUnknown");
      }
      return event;
    },
  };
}

/** What {@link createAccountCommands} makes. */
export type AccountCommands = ReturnType<typeof createAccountCommands>;

function unreachable(): never {
  throw new Error("a key is given or made");
}
