import type { TokenRecord } from "../store/access.ts";
import type { AccessToken } from "./access-tokens.ts";

/** Who calls: a token, a service account by one of its tokens, or somebody who is not stored here. */
export interface Identity extends Pick<
  TokenRecord,
  "id" | "name" | "orgId" | "roles" | "expirationDate"
> {
  /** All roles in organisations where they are others than `roles`. */
  readonly rolesByOrg?: ReadonlyMap<string, readonly string[]>;
  /** The personal token, whose uses are noted; undefined where it is none. */
  readonly stored: Pick<TokenRecord, "id" | "lastUseDate"> | undefined;
  /** The account's access token; undefined where it is none. */
  readonly accessToken: AccessToken | undefined;
}
