/** Prints what was found; where an aim was missed, says so, and lets the program end with exit code 1. */
export function report(what: string, found: string, isReached: boolean): void {
  if (!isReached) {
    process.exitCode = 1;
  }
  process.stdout.write(`${what}: ${found}${isReached ? "" : " MISSED"}\n`);
}
