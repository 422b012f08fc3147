import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { UserState } from "../../../gen/lockout/v1/user_service_pb.js";
import type {
  ListUsersRequest,
  UserSchema,
  UserService,
} from "../../../gen/lockout/v1/user_service_pb.js";
import { getCaller } from "../../auth/caller.ts";
import { foldName } from "../../lockout/user/alias.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import { putUser } from "../../lockout/user/user.ts";
import type { WantedState } from "../../lockout/user/user.ts";
import type { InTurn } from "../../pacing/turns.ts";
import type { AccountStore } from "../../store/accounts.ts";
import type {
  Alias,
  StoredUser,
  UserFilter,
  UserStore,
} from "../../store/users.ts";
import { refuseAccount } from "../accounts/accounts.ts";
import { readText } from "../users/locked-users.ts";
import { lockoutMessage } from "../messages/lockout-message.ts";
import { readPage, turnOf } from "../requests/pages.ts";
import { requireUserId } from "../users/subjects.ts";

/** lockout.v1.UserService */
export function createLockoutUserService(
  store: UserStore & AccountStore,
  inTurn: InTurn,
): ServiceImpl<typeof UserService> {
  return {
    async putUser(request, context) {
      const { id, orgId } = getCaller(context.values);
      const userId = requireUserId(request.userId);
      await refuseAccount(store, { kind: "user", orgId, userId });
      const user = await store.putUser(
        { orgId, userId },
        readAliases(request.aliases),
        id,
        putUser(readState(request.state)),
      );
      return userMessage(user);
    },

    async getUser(request, context) {
      const { orgId } = getCaller(context.values);
      const userId = requireUserId(request.userId);
      const user = await store.findUser({ orgId, userId });
      if (user === undefined) {
        throw new LockoutError("userUnknown");
      }
      return userMessage(user);
    },

    async listUsers(request, context) {
      const { orgId } = getCaller(context.values);
      const filter = readFilter(request);
      const page = await readPage(inTurn, turnOf(context), request, (asked) =>
        store.listUsers(orgId, filter, asked),
      );
      return {
        users: page.items.map(userMessage),
        nextPageToken: page.next ?? "",
      };
    },

    async findUsers(request, context) {
      const { orgId } = getCaller(context.values);
      const text = readText(request.query, "findQueryInvalid");
      if (text === undefined) {
        throw new LockoutError("findQueryInvalid");
      }
      const page = await readPage(inTurn, turnOf(context), request, (asked) =>
        store.findUsers(orgId, text, asked, context.signal),
      );
      return {
        users: page.items.map(({ user, lockout }) => ({
          user: userMessage(user),
          lockout: lockoutMessage(lockout),
        })),
        nextPageToken: page.next ?? "",
      };
    },

    async deleteUser(request, context) {
      const { id, orgId } = getCaller(context.values);
      const userId = requireUserId(request.userId);
      if ((await store.deleteUser({ orgId, userId }, id)) === undefined) {
        throw new LockoutError("userUnknown");
      }
      return {};
    },
  };
}

/** Folds the aliases; two that fold alike are one. @throws LockoutError */
function readAliases(names: readonly string[]): readonly Alias[] {
  const aliases = new Map<string, Alias>();
  for (const name of names) {
    const folded = foldName(name);
    if (folded === "") {
      throw new LockoutError("aliasInvalid");
    }
    if (!aliases.has(folded)) {
      aliases.set(folded, { name, folded });
    }
  }
  return [...aliases.values()];
}

/** @throws LockoutError */
function readFilter({ filter, state }: ListUsersRequest): UserFilter {
  return {
    // Blanks at the ends are nothing of an alias, but they may be in an id.
    part: filter === "" ? undefined : { id: filter, folded: foldName(filter) },
    state: readState(state),
  };
}

function readState(state: UserState): WantedState {
  switch (state) {
    case UserState.UNSPECIFIED:
      return undefined;
    case UserState.ACTIVE:
      return "active";
    case UserState.INITIAL:
      return "initial";
    case UserState.INACTIVE:
      return "inactive";
    case UserState.LOCKED:
      return "locked";
    // Enums are open: other numbers arrive as they are.
    default:
      throw new LockoutError("userStateInvalid");
  }
}

const stateNumbers = {
  active: UserState.ACTIVE,
  initial: UserState.INITIAL,
  inactive: UserState.INACTIVE,
} as const;

function userMessage(user: StoredUser): MessageInitShape<typeof UserSchema> {
  return {
    userId: user.userId,
    aliases: [...user.aliases],
    state:
      user.lock === undefined ? stateNumbers[user.account] : UserState.LOCKED,
    resourceOwner: user.orgId,
  };
}
