import type { Logger } from "pino";
import { describeApi } from "./api-description.ts";
import type { ServerConfig } from "./config.ts";
import { apiPages } from "./http/pages/api-page.ts";
import { consolePages } from "./http/pages/console-pages.ts";
import type { StaticRoute } from "./http/pages/static-route.ts";

/** The pages that people look at. */
export interface ServerPages {
  readonly pages: readonly StaticRoute[];
  readonly hasConsole: boolean;
}

/** The first page, the API's description, and the console. Where that is wanted and was not built, the log says so. */
export function createServerPages(
  { console: isWanted }: Pick<ServerConfig, "console">,
  log: Logger,
): ServerPages {
  const console = isWanted ? consolePages() : [];
  if (console === undefined) {
    log.warn("there is no console to serve: npm run build makes it");
  }
  const parts = console ?? [];
  const hasConsole = parts.length > 0;
  return {
    pages: [...apiPages(describeApi(), hasConsole), ...parts],
    hasConsole,
  };
}
