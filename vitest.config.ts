import path from "node:path";
import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Need compilers and registries: npm run test:interop.
    exclude: [...configDefaults.exclude, "test/interop/heavy/**"],
    // Real servers, browsers and foreign clients: slow on a small machine, never hanging.
    testTimeout: 60_000,
    // Many tests start the server as a process of its own: compiled once, it starts in half the time.
    env: {
      NODE_COMPILE_CACHE: path.resolve("node_modules/.cache/node-compile"),
    },
    hookTimeout: 120_000,
  },
});
