import { newTokenOf } from "../access.ts";
import type { TokenStore } from "../access.ts";
import { readTokenPage } from "../commands/access-pages.ts";
import { sliceStart, toSlice } from "../shared/access-lists.ts";
import type { AccountAccess } from "./account-store.ts";
import type { Accounts } from "./accounts.ts";
import { rememberUntilCommit } from "./committed-reads.ts";
import type { Tokens } from "./tokens.ts";

/** How many tokens are remembered until the next commit: far more than are in use at a time. */
const maxRemembered = 1000;

/** The part of the store that is about tokens. */
export function createTokenStore(
  tokens: Tokens,
  accounts: Pick<Accounts, "find">,
  { read, readOrReject, write, mark }: AccountAccess,
): TokenStore {
  const findToken = rememberUntilCommit(
    mark,
    maxRemembered,
    (hash: Uint8Array) => tokens.find(hash),
  );
  return {
    createToken: (token, editor) =>
      write(() => tokens.create(token, editor).result),
    createAccountToken: (accountId, token, editor, check) =>
      write(() => {
        const account = accounts.find(accountId);
        if (account === undefined) {
          return undefined;
        }
        check(account);
        return tokens.create(newTokenOf(account, token), editor, accountId);
      }),
    listAccountTokens: async (accountId) =>
      read(() => tokens.listOf(accountId)),
    findToken: (hash) => readOrReject(() => findToken(keyOf(hash), hash)),
    tokenName: async (tokenId) => read(() => tokens.name(tokenId)),
    listTokens: async (showRevoked, page) =>
      readTokenPage(page, (after, limit) =>
        read(() =>
          toSlice(
            tokens.list({
              ...sliceStart(after, limit),
              showRevoked: showRevoked ? 1 : 0,
            }),
            limit,
          ),
        ),
      ),
    rotateToken: (...rotation) => write(() => tokens.rotate(...rotation)),
    noteTokenUse: (tokenId, hour) =>
      write(() => {
        tokens.noteUse(tokenId, hour);
      }),
    revokeToken: (tokenId, editor) =>
      write(() => tokens.remove(tokenId, editor)),
  };
}

/** The gate asks with the same hash each time that the same token comes. */
const hashKeys = new WeakMap<Uint8Array, string>();

function keyOf(hash: Uint8Array): string {
  let key = hashKeys.get(hash);
  if (key === undefined) {
    key = Buffer.from(hash).toString("latin1");
    hashKeys.set(hash, key);
  }
  return key;
}
