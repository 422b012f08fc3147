import { setTimeout as delay } from "node:timers/promises";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type {
  Hook,
  HookService,
} from "../../../gen/lockout/v1/hook_service_pb.js";
import { getCaller } from "../../auth/caller.ts";
import { beginWithinMs } from "../../hooks/attempt.ts";
import type { ManualDeliveries } from "../../hooks/manual.ts";
import { newHookSecret } from "../../hooks/secrets.ts";
import type { HookSecrets } from "../../hooks/secrets.ts";
import type { ReceiverRules } from "../../outbound/url.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { InTurn } from "../../pacing/turns.ts";
import type { HookOwner, HookRecord, HookStore } from "../../store/hooks.ts";
import type { Clock } from "../../store/ids.ts";
import {
  deliveryMessage,
  hookMessage,
  readHookEvents,
  readHookState,
  readHookUrl,
} from "../messages/hook-message.ts";
import { readPage, turnOf } from "../requests/pages.ts";

/** How long a secret that is replaced signs beside the new one. */
const overlapMs = 86_400_000;

/** What calls on hooks need beyond the store. */
export interface HookParts {
  /** What receivers may be. */
  readonly rules: ReceiverRules;
  readonly secrets: () => Promise<HookSecrets>;
  readonly deliveries: ManualDeliveries;
}

/** lockout.v1.HookService: each call for the hooks of an organisation, and for those of the instance. */
export function createHookService(
  store: HookStore & { readonly now: Clock },
  inTurn: InTurn,
  { rules, secrets, deliveries }: HookParts,
): ServiceImpl<typeof HookService> {
  const message = (hook: HookRecord) => hookMessage(hook, store.now());
  const editorOf = ({ values }: HandlerContext) => getCaller(values).id;

  /** The calls for the hooks of whoever owns them. */
  const callsFor = (ownerOf: (context: HandlerContext) => HookOwner) => {
    const find = async (hookId: string, context: HandlerContext) => {
      const hook = await store.findHook(hookId);
      if (hook === undefined || hook.owner !== ownerOf(context)) {
        throw new LockoutError("hookUnknown");
      }
      return hook;
    };
    const change = async (
      hookId: string,
      context: HandlerContext,
      decide: Parameters<HookStore["changeHook"]>[3],
    ) => {
      const changed = await store.changeHook(
        ...([ownerOf(context), hookId, editorOf(context)] as const),
        decide,
      );
      if (changed === undefined) {
        throw new LockoutError("hookUnknown");
      }
      return changed;
    };
    return {
      create: async (request: Hook, context: HandlerContext) => {
        const secret = newHookSecret();
        const { seal } = await secrets();
        const hook = await store.createHook(
          {
            url: readHookUrl(request.url, rules),
            ...readHookEvents(request),
            owner: ownerOf(context),
            sealSecret: (hookId) => seal(hookId, secret),
          },
          editorOf(context),
        );
        return { hook: message(hook), secret };
      },
      list: async (
        request: { readonly pageSize: number; readonly pageToken: string },
        context: HandlerContext,
      ) => {
        const page = await readPage(inTurn, turnOf(context), request, (asked) =>
          store.listHooks(ownerOf(context), asked),
        );
        return {
          hooks: page.items.map(message),
          nextPageToken: page.next ?? "",
        };
      },
      get: async (
        { hookId }: { readonly hookId: string },
        context: HandlerContext,
      ) => message(await find(hookId, context)),
      update: async (request: Hook, context: HandlerContext) => {
        const isEnabled = readHookState(request.state);
        const { url, eventTypes, presets } = request;
        const namesEvents = eventTypes.length > 0 || presets.length > 0;
        const changed = await change(request.hookId, context, (hook) => ({
          settings: {
            ...hook,
            // What is there already stays, though it may be allowed no more.
            ...(url !== "" && { url: readHookUrl(url, rules) }),
            ...(namesEvents && readHookEvents({ eventTypes, presets })),
          },
          ...(isEnabled !== undefined && { isEnabled }),
        }));
        return message(changed);
      },
      delete: async (
        { hookId }: { readonly hookId: string },
        context: HandlerContext,
      ) => {
        const owner = ownerOf(context);
        if (!(await store.removeHook(owner, hookId, editorOf(context)))) {
          throw new LockoutError("hookUnknown");
        }
        // Whoever has read the hook before, in this process or another, begins no request any more.
        await delay(beginWithinMs);
        return {};
      },
      rotate: async (
        { hookId }: { readonly hookId: string },
        context: HandlerContext,
      ) => {
        const secret = newHookSecret();
        const sealed = (await secrets()).seal(hookId, secret);
        const oldExpirationDate = store.now() + overlapMs;
        const changed = await change(hookId, context, () => ({
          secret: { sealed, oldExpirationDate },
        }));
        return { hook: message(changed), secret };
      },
      test: async (
        { hookId }: { readonly hookId: string },
        context: HandlerContext,
      ) => deliveryMessage(await deliveries.test(await find(hookId, context))),
      listDeliveries: async (
        request: {
          readonly hookId: string;
          readonly pageSize: number;
          readonly pageToken: string;
        },
        context: HandlerContext,
      ) => {
        const { id } = await find(request.hookId, context);
        const page = await readPage(inTurn, turnOf(context), request, (asked) =>
          store.listHookDeliveries(id, asked),
        );
        return {
          deliveries: page.items.map(deliveryMessage),
          nextPageToken: page.next ?? "",
        };
      },
      redeliver: async (
        {
          hookId,
          deliveryId,
        }: { readonly hookId: string; readonly deliveryId: string },
        context: HandlerContext,
      ) => {
        const hook = await find(hookId, context);
        return deliveryMessage(await deliveries.redeliver(hook, deliveryId));
      },
    };
  };

  const own = callsFor(({ values }) => getCaller(values).orgId);
  const instance = callsFor(() => undefined);
  return {
    createHook: own.create,
    listHooks: own.list,
    getHook: own.get,
    updateHook: own.update,
    deleteHook: own.delete,
    rotateHook: own.rotate,
    testHook: own.test,
    listHookDeliveries: own.listDeliveries,
    redeliverHookDelivery: own.redeliver,
    createInstanceHook: instance.create,
    listInstanceHooks: instance.list,
    getInstanceHook: instance.get,
    updateInstanceHook: instance.update,
    deleteInstanceHook: instance.delete,
    rotateInstanceHook: instance.rotate,
    testInstanceHook: instance.test,
    listInstanceHookDeliveries: instance.listDeliveries,
    redeliverInstanceHookDelivery: instance.redeliver,
  };
}
