import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

const erasableOnly = ["TSEnumDeclaration", "TSModuleDeclaration", "TSParameterProperty"].map(
  (selector) => ({
    selector: `${selector}:not([declare=true])`,
    message: "Node runs these sources by erasing types, so only erasable syntax is allowed.",
  }),
);

export default defineConfig(
  {
    ignores: [
      "**/node_modules/",
      "artifacts/",
      "cache/",
      "coverage/",
      "types/",
      ".dodona/",
      "deploy/deployments/",
      "indexer/.ponder/",
      "indexer/generated/",
      "**/*.js",
      "**/*.mjs",
      "**/*.d.ts",
    ],
  },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "no-restricted-syntax": ["error", ...erasableOnly],
      "no-restricted-properties": [
        "error",
        {
          object: "process",
          property: "env",
          message: "Read the environment in a config file only.",
        },
      ],
      eqeqeq: "error",
    },
  },
  {
    // Composition of environments for children, and each process's one configuration file.
    files: ["**/*config.ts", "deploy/stack/*.ts", "test/**/*.ts"],
    rules: { "no-restricted-properties": "off" },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      // chai's properties are statements; fakes implement async interfaces and contracts' results are untyped arrays.
      "@typescript-eslint/no-unused-expressions": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/unbound-method": "off",
    },
  },
);
