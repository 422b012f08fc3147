import type { Attack } from "../attack.ts";
import * as connections from "./connections.ts";
import { frameFloods, hpackReferences } from "./frames.ts";
import { terminalSigns } from "./log-lines.ts";
import * as names from "./names.ts";
import * as openServices from "./open-services.ts";
import * as pages from "./pages.ts";
import * as tenants from "./tenants.ts";
import * as tokens from "./tokens.ts";

/** All attacks, in the order in which they are carried out: first those of strangers, then those of tenants. */
export const attacks: readonly Attack[] = [
  ...Object.values(pages),
  ...Object.values(openServices),
  hpackReferences,
  ...frameFloods,
  ...Object.values(connections),
  terminalSigns,
  ...Object.values(names),
  ...Object.values(tenants),
  ...Object.values(tokens),
];
