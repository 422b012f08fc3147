import { describeApi } from "./api-description.ts";
import type { ServerConfig } from "./config.ts";
import { apiPages } from "./http/pages/api-page.ts";
import { consolePages } from "./http/pages/console-pages.ts";
import type { StaticRoute } from "./http/pages/static-route.ts";

/**
 * The pages that people look at: the first one, the API's description, and the console.
 *
 * @param onMissing called where the console is wanted and was not built
 */
export function createServerPages(
  { console: isWanted }: Pick<ServerConfig, "console">,
  onMissing: () => void,
): readonly StaticRoute[] {
  const console = isWanted ? consolePages() : [];
  if (console === undefined) {
    onMissing();
  }
  const parts = console ?? [];
  return [...apiPages(describeApi(), parts.length > 0), ...parts];
}
