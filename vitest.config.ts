import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

// One run for the whole workspace. The set-up boots one throw-away PostgreSQL that all test files share.
const databaseSetup = fileURLToPath(new URL("packages/postgres-embedded/src/TestGlobalSetup.ts", import.meta.url))

export default defineConfig({
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "apps/*/test/**/*.test.ts",
      "benchmarks/test/**/*.test.ts",
      "examples/test/**/*.test.ts",
      "tests/system/test/**/*.test.ts",
      "tools/test/**/*.test.ts"
    ],
    globalSetup: existsSync(databaseSetup) ? [databaseSetup] : [],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ["default"]
  }
})
