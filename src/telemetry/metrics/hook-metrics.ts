import type { DeliveryOutcome } from "../../store/hooks.ts";
import { CounterFamily } from "./family.ts";
import type { Family } from "./family.ts";
import { Grid, placesOf } from "./grid.ts";

const outcomes: readonly DeliveryOutcome[] = [
  ...["delivered", "refused"],
  ...["unreachable", "given_up"],
] as const;
const places = placesOf(outcomes);

/** Stands for all hooks of organisations. */
const organization = "organization";

/** Stands for hooks beyond {@link mostHooks}. */
const other = "_OTHER";

/** So many hooks have series of their own: those that were removed keep theirs, and others may come without end. */
const mostHooks = 1000;

/** A hook that an event was sent to. */
export interface TriedHook {
  readonly id: string;
  /** The organisation; undefined for the instance. */
  readonly owner: string | undefined;
}

/** The metrics of deliveries to hooks. */
export interface HookMetrics {
  readonly family: Family;
  /** Counts a try. */
  readonly tried: (hook: TriedHook, outcome: DeliveryOutcome) => void;
}

/** @param perOrg whether hooks of organisations are told apart; the instance's always are */
export function createHookMetrics(perOrg: boolean): HookMetrics {
  const family = new CounterFamily(
    "lockoutd_hook_deliveries",
    "Tries to send an event to a hook.",
  );
  const grids = new Map<string, Grid>();
  const gridOf = (hook: string): Grid => {
    let grid = grids.get(hook);
    if (grid === undefined) {
      const labels = [
        ["hook", [hook]],
        ["outcome", outcomes],
      ] as const;
      grid = new Grid(family, labels).fill();
      grids.set(hook, grid);
    }
    return grid;
  };
  gridOf(organization);
  return {
    family,
    tried: ({ id, owner }, outcome) => {
      const name = perOrg || owner === undefined ? id : organization;
      const isKnown = grids.has(name) || grids.size < mostHooks;
      gridOf(isKnown ? name : other)
        .at(places[outcome])
        .add();
    },
  };
}
