import type { TokenRecord } from "../store/access.ts";
import type { AccessToken } from "./access-tokens.ts";

/**
 * Who calls: a token, a service account by one of its tokens, or somebody who is not stored here. The organisation `orgId` was there when it was
 * found out who that is.
 */
export interface Identity extends Pick<
  TokenRecord,
  "id" | "name" | "orgId" | "roles" | "expirationDate"
> {
  /** All roles in each organisation where they may be others than `roles`, the oldest first; left out where they hold in `orgId` alone. */
  readonly rolesByOrg?: ReadonlyMap<string, readonly string[]> | undefined;
  /** The personal token, whose uses are noted; undefined where it is none. */
  readonly stored: Pick<TokenRecord, "id" | "lastUseDate"> | undefined;
  /** The account's access token; undefined where it is none. */
  readonly accessToken: AccessToken | undefined;
}
