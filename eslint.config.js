import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  { ignores: ["**/gen/", "dist/", "client/dist/", "node_modules/"] },
  {
    files: ["**/*.{ts,tsx}"],
    extends: [
      tseslint.configs.strictTypeChecked,
      tseslint.configs.stylisticTypeChecked,
    ],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // A number in a text is what it looks like.
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true },
      ],
      // A method of a port may be asynchronous in one engine and not in another.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/consistent-type-exports": "error",
      "@typescript-eslint/no-import-type-side-effects": "error",
      curly: "error",
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      // vitest's matchers are `any`.
      "@typescript-eslint/no-unsafe-assignment": "off",
      // A busy machine takes its time.
      "no-restricted-properties": [
        "error",
        ...["waitFor", "waitUntil"].map((property) => ({
          ...{ object: "vi", property },
          message: "It gives up after a second: await expect.poll.",
        })),
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "CallExpression[callee.name='expect'] > BinaryExpression MemberExpression[object.name=/^(performance|Date)$/][property.name='now']",
          message:
            "How fast something is, a benchmark says: count turns, calls, statements or bytes.",
        },
      ],
    },
  },
);
