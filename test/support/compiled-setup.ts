import { existsSync } from "node:fs";
import { startServerProcess } from "./server-process.ts";
import { makeTempDir } from "./temp-dir.ts";

/**
 * Fills the folder of compiled source for all processes that tests start. Node writes it when a process ends by itself:
 * the servers of some tests never do, since they are killed.
 */
export default async function setUp(): Promise<void> {
  const { NODE_COMPILE_CACHE } = process.env;
  if (NODE_COMPILE_CACHE === undefined || existsSync(NODE_COMPILE_CACHE)) {
    return;
  }
  const directory = await makeTempDir();
  const server = await startServerProcess(
    directory.file("lockoutd.db"),
    "the-administrator-token-of-nobody",
  );
  await server.stop("SIGTERM");
  await directory.remove();
}
