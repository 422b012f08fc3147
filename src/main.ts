#!/usr/bin/env node
// Everything native or modern is loaded only after this check: better-sqlite3 13 ends Node 20 with a crash. No
// await here either, so that older ones get as far as the message.
const required = [22, 12] as const;
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < required[0] || (major === required[0] && minor < required[1])) {
  process.stderr.write(
    `lockoutd needs Node ${required.join(".")} or newer, and this is Node ${process.versions.node}: ` +
      "install a supported Node, or run it with `npx -p node@24 lockoutd …`.\n",
  );
  process.exitCode = 1;
} else {
  void import("./cli/run.ts").then(({ run }) => run(process.argv));
}
