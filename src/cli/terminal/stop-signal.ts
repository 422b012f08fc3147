import { constants } from "node:os";

const stopSignals = ["SIGTERM", "SIGINT"] as const;

/**
 * Ctrl+C goes to every process of the terminal, and npm passes it on to those that it started, who so get it
 * twice: within this time it is the same one.
 */
const echoMs = 500;

/** Resolves with the first signal that asks the process to stop. From then on a second one ends it at once. */
export async function nextStopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstTime: number | undefined;
    for (const name of stopSignals) {
      process.on(name, () => {
        const now = performance.now();
        if (firstTime === undefined) {
          firstTime = now;
          resolve(name);
        } else if (name === "SIGTERM" || now - firstTime > echoMs) {
          // As a shell reports a process that a signal has ended.
          process.exit(128 + constants.signals[name]);
        }
      });
    }
  });
}
