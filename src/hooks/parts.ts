import { createAttempt } from "./attempt.ts";
import type { Attempt } from "./attempt.ts";
import { createManualDeliveries } from "./manual.ts";
import type { ManualDeliveries, ManualOptions } from "./manual.ts";
import { createResolver } from "../outbound/resolver.ts";
import type { Resolve } from "../outbound/resolver.ts";
import type { HookSecrets } from "./secrets.ts";
import type { ReceiverRules } from "../outbound/url.ts";

/** What sending to hooks consists of, but for the sender itself. */
export interface HookSending {
  readonly rules: ReceiverRules;
  readonly secrets: () => Promise<HookSecrets>;
  readonly attempt: Attempt;
  readonly deliveries: ManualDeliveries;
}

/** What it is made of. */
export interface HookSendingOptions {
  readonly store: ManualOptions["store"];
  readonly rules: ReceiverRules;
  readonly secrets: () => Promise<HookSecrets>;
  /** Of this program. */
  readonly version: string;
  /** Takes the place of the name servers: for tests. */
  readonly resolve?: Resolve;
}

/** Makes it for one process. */
export function createHookSending({
  store,
  rules,
  secrets,
  version,
  resolve = createResolver(rules),
}: HookSendingOptions): HookSending {
  const attempt = createAttempt({
    ...{ now: store.now, rules, resolve, secrets },
    userAgent: `lockoutd/${version}`,
  });
  return {
    ...{ rules, secrets, attempt },
    deliveries: createManualDeliveries({ store, attempt }),
  };
}
