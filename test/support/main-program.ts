import { fileURLToPath } from "node:url";

/**
 * What Node runs as `lockoutd` in a process of its own. Within `npm test` the source is one file (compiled-setup.ts): most of a
 * start was to find and load hundreds.
 */
export const mainProgram =
  process.env["TEST_MAIN_PROGRAM"] ??
  fileURLToPath(new URL("../../src/main.ts", import.meta.url));
