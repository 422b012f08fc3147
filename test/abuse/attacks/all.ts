import type { Attack } from "../attack.ts";
import * as bodies from "./bodies.ts";
import * as changes from "./changes.ts";
import * as connections from "./connections.ts";
import { frameFloods, hpackReferences } from "./frames.ts";
import * as lists from "./lists.ts";
import { terminalSigns } from "./log-lines.ts";
import * as names from "./names.ts";
import * as openServices from "./open-services.ts";
import * as organizations from "./organizations.ts";
import * as pages from "./pages.ts";
import * as pieces from "./pieces.ts";
import * as tokens from "./tokens.ts";
import * as upgrades from "./upgrades.ts";
import * as watches from "./watches.ts";

/** All attacks, in the order in which they are carried out: first those of strangers. */
export const attacks: readonly Attack[] = [
  ...Object.values(pages),
  ...Object.values(openServices),
  hpackReferences,
  ...frameFloods,
  ...Object.values(connections),
  ...Object.values(upgrades),
  ...Object.values(pieces),
  terminalSigns,
  ...Object.values(names),
  ...Object.values(organizations),
  ...Object.values(lists),
  ...Object.values(watches),
  ...Object.values(changes),
  ...Object.values(bodies),
  ...Object.values(tokens),
];
