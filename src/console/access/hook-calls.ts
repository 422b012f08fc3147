import type { Clients } from "../session/clients.ts";
import type { Session } from "../session/session.ts";

type Hooks = Clients["hooks"];

/** The calls about hooks: of the organisation that is chosen, or of the installation. */
export interface HookCalls {
  readonly list: Hooks["listHooks"];
  readonly create: Hooks["createHook"];
  readonly update: Hooks["updateHook"];
  readonly remove: Hooks["deleteHook"];
  readonly test: Hooks["testHook"];
  readonly deliveries: Hooks["listHookDeliveries"];
  readonly redeliver: Hooks["redeliverHookDelivery"];
}

/** The calls for what is chosen: where all organisations are, the hooks are the installation's. */
export function hookCalls({ clients, isAll }: Session): HookCalls {
  const { hooks } = clients;
  return isAll
    ? {
        list: hooks.listInstanceHooks,
        create: hooks.createInstanceHook,
        update: hooks.updateInstanceHook,
        remove: hooks.deleteInstanceHook,
        test: hooks.testInstanceHook,
        deliveries: hooks.listInstanceHookDeliveries,
        redeliver: hooks.redeliverInstanceHookDelivery,
      }
    : {
        list: hooks.listHooks,
        create: hooks.createHook,
        update: hooks.updateHook,
        remove: hooks.deleteHook,
        test: hooks.testHook,
        deliveries: hooks.listHookDeliveries,
        redeliver: hooks.redeliverHookDelivery,
      };
}
