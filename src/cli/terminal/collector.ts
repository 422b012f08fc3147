import v8 from "node:v8";

/**
 * Sets V8's garbage collector up for a server of many short requests.
 *
 * - Where many objects of a kind have survived, V8 makes the next ones in its old generation. Of requests that run beside one
 *   another some always survive; then all are made there, keep what they point to, and wait for the next full collection.
 * - Node makes a string in the old generation of each header field of HTTP/2, and a full collection frees them one by one. Left to
 *   itself V8 lets them become millions, and then stops the process for a third of a second.
 * - What survives a small collection is little: to share it among threads costs more than to move it.
 */
export function setUpCollector(): void {
  v8.setFlagsFromString("--no-allocation-site-pretenuring");
  // In percent of what is in use: how much may be added before the next full collection.
  v8.setFlagsFromString("--heap-growing-percent=100");
  v8.setFlagsFromString("--no-parallel-scavenge");
}
