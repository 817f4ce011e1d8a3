import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { configDefaults, defineConfig } from "vitest/config"

// One run for the whole workspace. The set-up offers one throw-away PostgreSQL to all test files; it boots when the
// first of them asks for it.
const databaseSetup = fileURLToPath(new URL("packages/postgres-embedded/src/TestGlobalSetup.ts", import.meta.url))

// These start programs, change the environment or hold ports: each file has a process of its own.
const apart = [
  "packages/postgres-embedded/test/**/*.test.ts",
  "apps/*/test/**/*.test.ts",
  "benchmarks/test/**/*.test.ts",
  "examples/test/**/*.test.ts",
  "tests/system/test/**/*.test.ts"
]

// These measure times with processes of their own: when everything else is done.
const faults = ["tests/system/test/faults/**/*.test.ts"]

// The others share two processes: loading Effect anew for every file took three quarters of the time.
const together = ["packages/*/test/**/*.test.ts", "tools/test/**/*.test.ts"]

export default defineConfig({
  test: {
    globalSetup: existsSync(databaseSetup) ? [databaseSetup] : [],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ["default"],
    projects: [
      {
        extends: true,
        test: { name: "together", include: together, exclude: [...configDefaults.exclude, ...apart], isolate: false }
      },
      {
        extends: true,
        test: { name: "apart", include: apart, exclude: [...configDefaults.exclude, ...faults], isolate: true }
      },
      {
        extends: true,
        test: { name: "faults", include: faults, isolate: true, sequence: { groupOrder: 1 } }
      }
    ]
  }
})
