import type { HooksConfig } from "./config.ts";
import { createHookSending } from "./hooks/parts.ts";
import type { HookSending } from "./hooks/parts.ts";
import { createPace } from "./hooks/pace.ts";
import { createHookSecrets } from "./hooks/secrets.ts";
import { startSender } from "./hooks/sender.ts";
import type { SenderOptions } from "./hooks/sender-options.ts";
import type { Resolve } from "./outbound/resolver.ts";
import type { Vault } from "./sealing/vault.ts";
import type { Store } from "./store/store.ts";
import { readVersion } from "./telemetry/version.ts";

/** What sends to the hooks of a server. */
export interface ServerHooks {
  readonly parts: HookSending;
  /** Somebody has called the server: sending gives way. */
  readonly called: () => void;
  /** Begins to send what the log has, and tells of each try; returns what ends that. */
  start(
    instanceId: string,
    onDelivery: SenderOptions["onDelivery"],
  ): () => Promise<void>;
}

/** Makes it. @param resolve takes the place of the name servers */
export function createServerHooks(
  config: HooksConfig,
  store: Store,
  vault: Vault,
  onError: (error: unknown) => void,
  resolve: Resolve | undefined,
): ServerHooks {
  const secrets = createHookSecrets(vault);
  const parts = createHookSending({
    ...{ store, rules: config, version: readVersion() },
    secrets: async () => secrets,
    ...(resolve !== undefined && { resolve }),
  });
  const pace = createPace(() => performance.now());
  return {
    parts,
    called: pace.called,
    start: (instanceId, onDelivery) =>
      startSender({
        ...{ store, instanceId, attempt: parts.attempt, pace, onError },
        schedule: config.retrySchedule,
        random: Math.random,
        ...(onDelivery !== undefined && { onDelivery }),
      }),
  };
}
