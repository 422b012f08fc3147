import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

export interface Outcome {
  /** The exit code; -1 where a signal ended the program. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** Added to the test's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs a program to its end; rejects only where it cannot be started. */
export async function runProgram(
  file: string,
  args: readonly string[],
  { cwd, env, input }: RunOptions = {},
): Promise<Outcome> {
  const child = spawn(file, args, {
    ...(cwd !== undefined && { cwd }),
    env: { ...process.env, ...env },
    stdio: "pipe",
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      resolve(code ?? -1);
    });
  });
  child.stdin.on("error", () => {
    // The program may end before it has read its input.
  });
  child.stdin.end(input);
  const [code, stdout, stderr] = await Promise.all([
    ended,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, stdout, stderr };
}

/** Runs a program that must succeed, and returns its standard output. */
export async function runOrThrow(
  file: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const { code, stdout, stderr } = await runProgram(file, args, options);
  if (code === 0) {
    return stdout;
  }
  throw new Error(
    `${file} ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`,
  );
}
