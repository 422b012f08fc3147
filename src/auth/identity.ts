import type { TokenRecord } from "../store/access.ts";
import type { AccessToken } from "./access-tokens.ts";

/** Who calls: a token, a service account by an access token, or somebody who is not stored here. */
export interface Identity extends Omit<TokenRecord, "creationDate"> {
  /** All roles in organisations where they are others than `roles`. */
  readonly rolesByOrg?: ReadonlyMap<string, readonly string[]>;
  /** Whether it is a personal token, whose uses are noted. */
  readonly isStored: boolean;
  /** The account's access token; undefined for tokens that belong to none. */
  readonly accessToken: AccessToken | undefined;
}
