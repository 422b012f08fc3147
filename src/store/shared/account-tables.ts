import { bytes, integer, text } from "./transfer-columns.ts";
import type { TransferTable } from "./transfer-columns.ts";

/** The tables of organisations and of their service accounts, as they are copied. */
export const accountTables: readonly TransferTable[] = [
  {
    name: "orgs",
    key: [text("id")],
    rest: [
      ...[text("name"), integer("creation_date"), integer("recorded")],
      ...[integer("removal_date"), integer("is_cleared")],
    ],
  },
  {
    name: "accounts",
    key: [text("id")],
    rest: [
      ...[text("org_id"), text("login_name"), text("folded_name")],
      ...[text("name"), text("roles"), integer("creation_date")],
      ...[text("account"), integer("lock_time"), text("lock_by")],
      ...[text("secret_id"), bytes("secret_hash"), text("description")],
    ],
  },
  {
    name: "account_keys",
    key: [text("account_id"), text("id")],
    rest: [
      ...[text("algorithm"), bytes("public_key")],
      ...[integer("creation_date"), integer("expiration_date")],
    ],
  },
  {
    name: "revoked_access_tokens",
    key: [text("account_id"), text("id")],
    rest: [integer("expire_time")],
  },
  {
    name: "removed_accounts",
    key: [text("id")],
    rest: [text("login_name")],
  },
];
