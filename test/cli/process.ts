import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { mainProgram } from "../support/main-program.ts";

export interface ProcessOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The program and its first arguments, instead of Node with our source. */
  readonly program?: readonly [string, ...string[]];
  /** Makes it the leader of a group of its own, as a shell does, so that a signal can go to all it starts. */
  readonly group?: boolean;
}

/** A process of the command line, and what it has written so far. */
export interface CommandProcess {
  readonly child: ChildProcessWithoutNullStreams;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits for a text on standard output. Rejects where the process ends without it. */
  readonly printed: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** The exit code, or the signal's name, once all output is read. */
  readonly ended: Promise<number | string>;
}

/** Starts the command line as a process of its own, with none of this process's settings for it. */
export function startProcess(
  args: readonly string[],
  {
    cwd,
    env = {},
    program = [process.execPath, mainProgram],
    group = false,
  }: ProcessOptions,
): CommandProcess {
  const [command, ...before] = program;
  const child = spawn(command, [...before, ...args], {
    cwd,
    detached: group,
    env: { ...withoutSettings(process.env), ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(
    ([code, signal]: (number | string | null)[]) => code ?? signal ?? "",
  );
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(stdout);
          if (match !== null) {
            resolve(match);
          }
        };
        look();
        child.stdout.on("data", look);
        void ended.then((code) => {
          reject(
            new Error(`ended (${code}) without ${pattern.source}: ${stderr}`),
          );
        });
      }),
  };
}

/** Runs a command to its end. */
export async function runProcess(
  args: readonly string[],
  options: ProcessOptions,
): Promise<{ code: number | string; stdout: string; stderr: string }> {
  const command = startProcess(args, options);
  const code = await command.ended;
  return { code, stdout: command.stdout(), stderr: command.stderr() };
}

function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith("LOCKOUTD_")),
  );
}
