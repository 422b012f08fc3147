// In a program of yours: from "lockoutd-client".
import { withLockout } from "../src/index.ts";
import type {
  LockoutClient,
  LockoutResult,
  WithLockoutOptions,
} from "../src/index.ts";
import { verifyPassword } from "./passwords.ts";
import type { User } from "./users.ts";

/** What a login is checked with. */
export interface LoginOptions {
  readonly client: LockoutClient;
  /** The hash of a password that nobody has, of the same cost as those of the users. */
  readonly nobodysHash: string;
  /** Of the hashes by which the same wrong password counts once, where the policy says so: of this program alone. */
  readonly digestKey: Uint8Array;
}

/**
 * Checks a password. `user` is who was found by the name, if anybody. Each way through it hashes the password once:
 * right, wrong, locked and unknown take as long as each other.
 */
export async function checkLogin(
  { client, nobodysHash, digestKey }: LoginOptions,
  name: string,
  user: User | undefined,
  password: string,
  from: NonNullable<WithLockoutOptions["client"]>,
): Promise<LockoutResult> {
  return withLockout(
    client,
    user === undefined ? { loginName: name } : { userId: user.id },
    "password",
    async () => {
      const hash = user?.passwordHash ?? nobodysHash;
      const matches = await verifyPassword(password, hash);
      return matches && user !== undefined;
    },
    {
      client: from,
      dummy: () => verifyPassword(password, nobodysHash),
      digest: { secret: password, key: digestKey },
      // The password is the last factor here.
      rememberDevice: true,
    },
  );
}
