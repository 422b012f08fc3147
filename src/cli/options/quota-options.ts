import { Option } from "commander";
import { defaultConfig } from "../../config.ts";
import type { ServerConfig } from "../../config.ts";
import { parseCount } from "./values.ts";

type Quotas = ServerConfig["quotas"];

/** The flag of each quota, in the order of the help. */
export const quotaFlags: Readonly<
  Record<keyof Quotas, { readonly flag: string; readonly description: string }>
> = {
  maxUsersPerOrg: {
    flag: "--max-users-per-org",
    description: "users that an organisation may have",
  },
  maxWatchesPerToken: {
    flag: "--max-watches-per-token",
    description: "streams of events that a token may have open",
  },
  maxWatches: {
    flag: "--max-watches",
    description: "streams of events that all tokens together may have open",
  },
};

const names = Object.keys(quotaFlags) as (keyof Quotas)[];

/** The flags of the quotas, as a group of their own in the help. */
export function quotaOptions(): readonly Option[] {
  return names.map((name) => {
    const { flag, description } = quotaFlags[name];
    return new Option(`${flag} <number>`, description)
      .env(`LOCKOUTD_${flag.slice(2).toUpperCase().replaceAll("-", "_")}`)
      .default(defaultConfig.quotas[name])
      .argParser((text) => parseCount(text, 0))
      .helpGroup("Quotas (0: none):");
  });
}

/** The quotas among the options that a command line was read into. */
export function readQuotas(options: Readonly<Record<string, unknown>>): Quotas {
  const quotas: Record<string, unknown> = {};
  for (const name of names) {
    quotas[name] = options[new Option(quotaFlags[name].flag).attributeName()];
  }
  return quotas as unknown as Quotas;
}
