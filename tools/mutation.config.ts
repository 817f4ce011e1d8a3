import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import * as MutantPlugin from "./src/mutation/MutantPlugin.ts"

// The tests that must notice a dropped guard of claim, settle, lease or promote: everything that runs these statements.
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  plugins: [MutantPlugin.make()],
  test: {
    globalSetup: [fileURLToPath(new URL("../packages/postgres-embedded/src/TestGlobalSetup.ts", import.meta.url))],
    include: ["packages/storage-postgres/test/**/*.test.ts"],
    exclude: [
      "**/{PgMigrations,PgError,PgSchema,PgHeart,PgPooledClient,Plans,SqlEnqueue}.test.ts",
      "**/{PgSampleStorage,PgScheduleStorage,PgServiceStorage}.test.ts",
      "**/{notifier,partitions,hint,listener}.test.ts"
    ],
    pool: "forks",
    maxWorkers: 1,
    isolate: false,
    bail: 1,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: ["json"]
  }
})
