/**
 * A server for testing the transcoder from outside: it serves every method of a descriptor set that has a google.api.http rule,
 * and answers with the request message as it was bound.
 */
import { enableCompileCache } from "node:module";

// Most of the time to start is spent on compiling: the second start takes half of it.
enableCompileCache();
const { run } = await import("./echo-command.ts");
await run();
