import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

// One script and one style sheet, whose names say what is in them. The server writes the page that loads them.
export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  logLevel: "warn",
  build: {
    outDir: fileURLToPath(new URL("../../dist/console", import.meta.url)),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: fileURLToPath(new URL("main.tsx", import.meta.url)),
      output: {
        entryFileNames: "[name]-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
      },
    },
  },
});
