import { Option } from "commander";
import type { Command } from "commander";
import type { Client } from "@connectrpc/connect";
import type {
  Delivery,
  Hook,
  HookService,
} from "../../../gen/lockout/v1/hook_service_pb.js";
import {
  DeliveryOutcome,
  DisableReason,
  HookState,
} from "../../../gen/lockout/v1/hook_service_pb.js";
import type { Clients } from "../transport/clients.ts";
import { withClients } from "../transport/connection.ts";
import { UsageError } from "../terminal/failure.ts";
import { findOrg, orgOption } from "./orgs.ts";
import { requiredTime } from "../terminal/times.ts";

/** Whose hooks a command is about. */
export interface HookOwnerOptions {
  readonly org?: string;
  readonly instance: boolean;
}

type HookClient = Client<typeof HookService>;

/** The calls on the hooks of an organisation or of the instance. */
export interface HookCalls {
  readonly create: HookClient["createHook"];
  readonly list: HookClient["listHooks"];
  readonly get: HookClient["getHook"];
  readonly update: HookClient["updateHook"];
  readonly delete: HookClient["deleteHook"];
  readonly rotate: HookClient["rotateHook"];
  readonly test: HookClient["testHook"];
  readonly listDeliveries: HookClient["listHookDeliveries"];
  readonly redeliver: HookClient["redeliverHookDelivery"];
  /** As the last argument of each call. */
  readonly on: ReturnType<Clients["on"]>;
}

/** Gives a command the flags that say whose hooks it is about. */
export function addHookOwnerOptions(command: Command): Command {
  return command
    .addOption(
      orgOption(
        "the organisation whose hook it is (default: the token's own, at the database the first one)",
      ),
    )
    .addOption(
      new Option(
        "--instance",
        "a hook of the instance, which gets the events of all organisations",
      ).default(false),
    );
}

/** Runs an action on the hooks that a command is about. @throws UsageError where it names both an organisation and the instance */
export function withHooks<Result>(
  command: Command,
  { org, instance }: HookOwnerOptions,
  action: (calls: HookCalls) => Promise<Result>,
): Promise<Result> {
  if (instance && org !== undefined) {
    throw new UsageError(
      "--instance and --org exclude each other: name one of them",
    );
  }
  return withClients(command, async (clients) => {
    const on = clients.on(await findOrg(clients, org));
    return action({ ...callsOf(clients.hooks, instance), on });
  });
}

function callsOf(
  hooks: HookClient,
  isInstance: boolean,
): Omit<HookCalls, "on"> {
  return isInstance
    ? {
        create: hooks.createInstanceHook,
        list: hooks.listInstanceHooks,
        get: hooks.getInstanceHook,
        update: hooks.updateInstanceHook,
        delete: hooks.deleteInstanceHook,
        rotate: hooks.rotateInstanceHook,
        test: hooks.testInstanceHook,
        listDeliveries: hooks.listInstanceHookDeliveries,
        redeliver: hooks.redeliverInstanceHookDelivery,
      }
    : {
        create: hooks.createHook,
        list: hooks.listHooks,
        get: hooks.getHook,
        update: hooks.updateHook,
        delete: hooks.deleteHook,
        rotate: hooks.rotateHook,
        test: hooks.testHook,
        listDeliveries: hooks.listHookDeliveries,
        redeliver: hooks.redeliverHookDelivery,
      };
}

/** A hook as `--output json` shows it. */
export function hookJson(hook: Hook) {
  return {
    id: hook.hookId,
    orgId: hook.organizationId === "" ? null : hook.organizationId,
    url: hook.url,
    eventTypes: hook.eventTypes,
    presets: hook.presets,
    state: HookState[hook.state].toLowerCase(),
    disableReason:
      hook.disableReason === DisableReason.UNSPECIFIED
        ? null
        : DisableReason[hook.disableReason].toLowerCase(),
    creationDate: requiredTime(hook.createTime),
    changeDate: requiredTime(hook.updateTime),
    oldSecretExpirationDate:
      hook.oldSecretExpireTime === undefined
        ? null
        : requiredTime(hook.oldSecretExpireTime),
  };
}

/** A delivery as `--output json` shows it. */
export function deliveryJson(delivery: Delivery) {
  return {
    id: delivery.deliveryId,
    eventId: delivery.eventId,
    attempt: delivery.attempt,
    date: requiredTime(delivery.time),
    outcome: DeliveryOutcome[delivery.outcome].toLowerCase(),
    status: delivery.status === 0 ? null : delivery.status,
    error: delivery.error,
    response: delivery.response,
    nextAttemptDate:
      delivery.nextAttemptTime === undefined
        ? null
        : requiredTime(delivery.nextAttemptTime),
  };
}

/** What happened, in a few words. */
export function outcomeText(delivery: ReturnType<typeof deliveryJson>): string {
  const { outcome, status, error } = delivery;
  return [outcome.replace("_", " "), status ?? "", error]
    .filter((part) => part !== "")
    .join(" ");
}
