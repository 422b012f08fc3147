import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Need compilers and registries: npm run test:interop.
    exclude: [...configDefaults.exclude, "test/interop/heavy/**"],
    // Real servers, browsers and foreign clients: slow on a small machine, never hanging.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
