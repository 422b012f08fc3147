import {
  accessTokenRevoked,
  accountChangedEvent,
  accountKeyAdded,
  accountKeyRemoved,
  accountRenamed,
  accountSecretRemoved,
  accountSecretSet,
} from "./account-events.ts";
import { zeroCounter } from "../user/counter.ts";
import type { Account, AccountKey, AccountSecret } from "./account-record.ts";
import { LockoutError } from "../errors/errors.ts";
import type { NewEvent } from "../events/event.ts";
import { userRemoved } from "../user/user-events.ts";
import { noRules } from "../policy/rules.ts";
import type { CommandView, DecideUser, UserView } from "../user/user.ts";

/** The most keys of an account. */
export const maxKeysPerAccount = 10;
/** The most personal access tokens of an account, expired ones too. */
export const maxTokensPerAccount = 100;
/** The most accounts of an organisation. */
export const maxAccountsPerOrg = 1000;

/** An access token that was revoked. */
export interface RevokedToken {
  readonly id: string;
  /** When it would have ended by itself: it is not kept for longer. Milliseconds since 1970 UTC. */
  readonly expireTime: number;
}

/** What a command on an account leads to; the store writes all of it or nothing. */
export interface AccountChange {
  /** How the account is from now on: name, roles, state and secret. */
  readonly account?: Account;
  /** Its login name from now on: the store holds that no other account has one that folds alike. */
  readonly loginName?: string;
  readonly addedKey?: AccountKey;
  readonly removedKeyId?: string;
  /** An access token that ends before its time. */
  readonly revokedToken?: RevokedToken;
  readonly isRemoved?: true;
  /** None where nothing changes. */
  readonly events: readonly NewEvent[];
}

/** A command on an account. @param now milliseconds since 1970 UTC @throws LockoutError */
export type DecideAccount = (account: Account, now: number) => AccountChange;

/** Gives the account another name or other roles; undefined leaves them. */
export function updateAccount(
  name: string | undefined,
  roles: readonly string[] | undefined,
): DecideAccount {
  return (before) => {
    const account = {
      ...before,
      name: name ?? before.name,
      roles: roles ?? before.roles,
    };
    const hasOtherRoles =
      JSON.stringify(account.roles) !== JSON.stringify(before.roles);
    if (account.name === before.name && !hasOtherRoles) {
      return { events: [] };
    }
    const event = accountChangedEvent({
      ...(account.name !== before.name && { name: account.name }),
      ...(hasOtherRoles && { roles: account.roles }),
    });
    return { account, events: [event] };
  };
}

/** Gives the account another name and description. @throws LockoutError where it has these */
export function describeAccount(
  name: string,
  description: string,
): DecideAccount {
  return (before) => {
    const changes = {
      ...(name !== before.name && { name }),
      ...(description !== before.description && { description }),
    };
    if (Object.keys(changes).length === 0) {
      throw new LockoutError("accountNotChanged");
    }
    return {
      account: { ...before, ...changes },
      events: [accountChangedEvent(changes)],
    };
  };
}

/** Gives the account another login name. @throws LockoutError where it has this one */
export function changeLoginName(loginName: string): DecideAccount {
  return (before) => {
    if (loginName === before.loginName) {
      throw new LockoutError("loginNameNotChanged");
    }
    return { loginName, events: [accountRenamed(loginName)] };
  };
}

/** What happens to the roles of a kind that an account has. */
export type MemberChange = "add" | "update" | "remove";

/**
 * Gives an account other roles of a kind, and leaves those of the other kind.
 *
 * @param isMeant whether a role is of the kind @param roles of that kind
 */
export function changeMemberRoles(
  how: MemberChange,
  isMeant: (role: string) => boolean,
  roles: readonly string[],
): DecideAccount {
  return (before, now) => {
    const own = before.roles.filter(isMeant);
    if (how === "add" && own.length > 0) {
      throw new LockoutError("memberExists");
    }
    if (how !== "add" && own.length === 0) {
      throw new LockoutError("memberUnknown");
    }
    const isSame =
      own.length === roles.length && own.every((role) => roles.includes(role));
    if (isSame) {
      throw new LockoutError("memberNotChanged");
    }
    const others = before.roles.filter((role) => !isMeant(role));
    return updateAccount(undefined, [...others, ...roles])(before, now);
  };
}

/** Removes the account with its keys and its secret. */
export const removeAccount: DecideAccount = () => ({
  isRemoved: true,
  events: [userRemoved],
});

/** Gives the account a key. @throws LockoutError where it has too many */
export function addAccountKey(key: AccountKey): DecideAccount {
  return ({ keyIds }) => {
    if (keyIds.length >= maxKeysPerAccount) {
      throw new LockoutError("keysTooMany");
    }
    return { addedKey: key, events: [accountKeyAdded(key)] };
  };
}

/** Takes a key from the account. @throws LockoutError where it has no such key */
export function removeAccountKey(keyId: string): DecideAccount {
  return ({ keyIds }) => {
    if (!keyIds.includes(keyId)) {
      throw new LockoutError("keyUnknown");
    }
    return { removedKeyId: keyId, events: [accountKeyRemoved(keyId)] };
  };
}

/** Ends an access token of the account. @param expireTime milliseconds since 1970 UTC */
export function revokeAccessToken(
  id: string,
  expireTime: number,
): DecideAccount {
  return () => ({
    revokedToken: { id, expireTime },
    events: [accessTokenRevoked(id)],
  });
}

/** Gives the account a secret. One in the place of another takes over its id: tokens that were got by that go on. */
export function setAccountSecret(secret: AccountSecret): DecideAccount {
  return (account) => ({
    account: {
      ...account,
      secret: { ...secret, id: account.secret?.id ?? secret.id },
    },
    events: [accountSecretSet],
  });
}

/** Takes the secret from the account. @throws LockoutError where it has none */
export const removeAccountSecret: DecideAccount = (account) => {
  if (account.secret === undefined) {
    throw new LockoutError("secretMissing");
  }
  return {
    account: { ...account, secret: undefined },
    events: [accountSecretRemoved],
  };
};

/** Locks, unlocks, deactivates or reactivates the account, by the commands that do so with users. */
export function changeAccountState(
  decide: DecideUser<void>,
  editor: string,
): DecideAccount {
  return (account, now) => {
    // These commands ask for nothing beside it: nothing is counted of accounts, and no policy is about them.
    const view: UserView = {
      ...{ user: account.state, counters: noCounters, editor, now },
      limits: { maxPasswordAttempts: 0, maxOtpAttempts: 0 },
      rules: noRules,
    };
    const { user, events } = decide(view as CommandView);
    return { account: { ...account, state: user ?? account.state }, events };
  };
}

/** Nothing is counted of accounts. */
const noCounters = {
  password: zeroCounter,
  totp: zeroCounter,
  otp_sms: zeroCounter,
  otp_email: zeroCounter,
  recovery_code: zeroCounter,
} as const;
