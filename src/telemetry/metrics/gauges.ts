import { tokenHorizons } from "../../store/figures.ts";
import type { StoreFigures, TokenHorizon } from "../../store/figures.ts";
import { GaugeFamily } from "./family.ts";
import type { Family, Sample } from "./family.ts";
import { lockReasons } from "./lockout-metrics.ts";
import type { EngineName } from "./lockout-metrics.ts";

/** What is looked up when the page is made. */
export interface GaugeSources {
  /** Rejects where the store cannot be written. */
  readonly probeStore: () => Promise<unknown>;
  readonly readFigures: () => Promise<StoreFigures>;
  readonly waitingCommands: () => number;
  readonly openConnections: () => {
    readonly http1: number;
    readonly http2: number;
  };
}

/** The metrics that are looked up when the page is made. */
export interface Gauges {
  /** Looks them up. Never rejects, and takes no longer than {@link waitMs}. */
  gather(): Promise<void>;
  readonly families: readonly Family[];
}

/** A scraper gives up after 10 s: what is not known so long stays as it was, and the store counts as away. In milliseconds. */
const waitMs = 2000;

const noFigures: StoreFigures = {
  lockedUsers: [],
  tokensExpiring: { "1d": 0, "7d": 0, "30d": 0 },
  hooks: { enabled: 0, disabled: 0 },
};

/** @param perOrg whether locked users are told of each organisation */
export function createGauges(
  engine: EngineName,
  perOrg: boolean,
  sources: GaugeSources,
): Gauges {
  let figures = noFigures;
  let isUp = false;
  const locked = (): Sample[] =>
    perOrg
      ? figures.lockedUsers.map(({ orgId = "", reason, count }) => [
          { reason, organization: orgId },
          count,
        ])
      : lockReasons.map((reason) => [
          { reason },
          figures.lockedUsers.find((entry) => entry.reason === reason)?.count ??
            0,
        ]);
  return {
    gather: async () => {
      [isUp] = await Promise.all([
        succeeds(sources.probeStore()),
        succeeds(
          sources.readFigures().then((read) => {
            figures = read;
          }),
        ),
      ]);
    },
    families: [
      new GaugeFamily(
        "lockoutd_locked_users",
        "Users who are locked, of the whole installation.",
        locked,
      ),
      new GaugeFamily(
        "lockoutd_tokens_expiring",
        "Tokens that expire so soon, of the whole installation.",
        () =>
          (Object.keys(tokenHorizons) as TokenHorizon[]).map(
            (within): Sample => [{ within }, figures.tokensExpiring[within]],
          ),
      ),
      new GaugeFamily(
        "lockoutd_hooks",
        "Hooks, of the whole installation.",
        () =>
          Object.entries(figures.hooks).map(([state, count]): Sample => [
            { state },
            count,
          ]),
      ),
      new GaugeFamily(
        "lockoutd_store_up",
        "Whether the store can be written: 1 or 0.",
        () => [[{ engine }, Number(isUp)]],
      ),
      new GaugeFamily(
        "lockoutd_store_queue_length",
        "Commands that wait to be committed by this node.",
        () => [[{ engine }, sources.waitingCommands()]],
      ),
      new GaugeFamily("http_server_open_connections", "Open connections.", () =>
        Object.entries(sources.openConnections()).map(
          ([protocol, count]): Sample => [{ protocol }, count],
        ),
      ),
    ],
  };
}

/** Whether something succeeds in time. */
async function succeeds(work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, waitMs, false).unref();
  });
  const done = work.then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
