import { defineConfig } from "vitest/config";

/** Clients of other languages: built or installed on the first run, skipped with a line where that cannot be. */
export default defineConfig({
  test: {
    include: ["test/interop/heavy/**/*.test.ts"],
    // Compilers take all the cores there are.
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 120_000,
  },
});
