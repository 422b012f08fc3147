import { integer, text } from "./transfer-columns.ts";
import type { TransferTable } from "./transfer-columns.ts";

/** The tables of hooks that a copy takes over, those before that others refer to. */
export const hookTables: readonly TransferTable[] = [
  {
    name: "hooks",
    key: [text("id")],
    rest: [
      ...[text("org_id"), text("url"), text("event_types"), text("presets")],
      ...[text("secret"), text("old_secret")],
      ...[integer("old_secret_expiration"), text("disable_reason")],
      ...[integer("creation_date"), integer("change_date")],
      ...[integer("since"), integer("position"), integer("last_success")],
    ],
  },
  {
    name: "hook_retries",
    key: [
      ...[text("hook_id"), text("aggregate_type")],
      ...[text("resource_owner"), text("aggregate_id")],
    ],
    rest: [
      ...[integer("position"), integer("attempts")],
      ...[integer("first_time"), integer("next_time")],
    ],
  },
  {
    name: "hook_deliveries",
    key: [text("hook_id"), text("id")],
    rest: [
      ...[text("event_id"), integer("position"), integer("attempt")],
      ...[integer("time"), integer("status"), text("error")],
      ...[text("response"), integer("next_time"), text("outcome")],
    ],
  },
  {
    name: "hook_sender",
    key: [integer("only_one")],
    rest: [integer("position")],
  },
];
