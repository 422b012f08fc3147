import type { Command } from "commander";
import { addCommand } from "../options/add-command.ts";
import { outputOption, toJsonText } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { readVersion } from "../../telemetry/version.ts";

interface VersionOptions {
  readonly output: OutputFormat;
}

/** Adds `lockoutd version`. */
export function addVersionCommand(program: Command, terminal: Terminal): void {
  addCommand(program, "version", "print the version, and Node's")
    .addOption(outputOption())
    .action(({ output }: VersionOptions) => {
      const version = readVersion();
      const node = process.versions.node;
      terminal.out(
        output === "json"
          ? toJsonText({ version, node })
          : `lockoutd ${version} (Node ${node})\n`,
      );
    });
}
