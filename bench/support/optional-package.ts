/**
 * Loads a package that the benchmarks alone need, or answers undefined where it is not installed. Such packages
 * are listed in `bench/package.json`, and so not installed with the server; their types are the caller's word.
 */
export async function loadOptional<Module>(
  name: string,
): Promise<Module | undefined> {
  try {
    return (await import(name)) as Module;
  } catch (error) {
    if (error instanceof Error && "code" in error) {
      if (error.code === "ERR_MODULE_NOT_FOUND") {
        return undefined;
      }
    }
    throw error;
  }
}

/** What to say of a peer whose package is not there. */
export function notInstalled(name: string): string {
  return `the package ${name} is not installed: npm ci --prefix bench`;
}
