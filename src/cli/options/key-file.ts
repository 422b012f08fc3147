import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { OperationError } from "../terminal/failure.ts";

/**
 * Writes what an action results in to a new file for its owner alone. The file is made before: what can be shown once is not asked for where it
 * could not be kept. It is removed where the action fails.
 *
 * @throws OperationError where there is a file of that name, or it cannot be made; and what the action throws
 */
export async function intoNewFile<Result>(
  path: string,
  action: () => Promise<Result>,
  textOf: (result: Result) => string,
): Promise<Result> {
  const file = create(path);
  try {
    const result = await action();
    writeSync(file, textOf(result));
    return result;
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

function create(path: string): number {
  try {
    return openSync(path, "wx", 0o600);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new OperationError(
      code === "EEXIST"
        ? `the file ${path} exists already: name a new one, so that no key is lost`
        : `the file ${path} cannot be written (${message}): check the path and its mode, or name another one`,
      { cause: error },
    );
  }
}
