/**
 * Who may import whom: the table of ARCHITECTURE.md as data. The linter holds the same table (`.oxlintrc.json`).
 */

/** What the sources of a library may import beside `effect/*` and their own files. */
export interface Boundary {
  /** Names of packages; `node:*` stands for all modules of Node. */
  readonly may: ReadonlyArray<string>
}

/** The libraries, by the name of their folder below `packages/`. */
export const libraries: Readonly<Record<string, Boundary>> = {
  "retry-policy": { may: [] },
  "storage": { may: [] },
  "storage-test": { may: ["@millrace/storage", "@effect/vitest", "vitest"] },
  "storage-postgres": { may: ["@millrace/storage", "@effect/sql-pg", "node:fs", "node:worker_threads"] },
  "postgres-embedded": { may: ["@effect/sql-pg", "@effect/platform-node", "node:*", "vitest"] },
  "queue": { may: ["@millrace/storage", "@millrace/retry-policy", "node:crypto"] },
  "scheduler": { may: ["@millrace/storage", "@millrace/queue"] },
  "api": { may: ["@millrace/storage"] },
  "jobs": {
    may: [
      "@millrace/queue",
      "@millrace/retry-policy",
      "@millrace/scheduler",
      "@millrace/storage",
      "nodemailer",
      "csv-parse",
      "csv-stringify",
      "node:*"
    ]
  },
  "testing": { may: ["@millrace/queue", "@millrace/retry-policy", "@millrace/storage"] },
  "cli": {
    may: [
      "@millrace/api",
      "@millrace/queue",
      "@millrace/storage",
      "@millrace/storage-postgres",
      "@effect/sql-pg",
      "@effect/platform-node",
      "node:*"
    ]
  }
}

/** A driver is chosen in the `main.ts` of a program and nowhere else. */
export const drivers: ReadonlyArray<string> = ["@millrace/storage-postgres", "@effect/sql-pg"]

/** The package of an import: `@scope/name/Module` → `@scope/name`, `effect/Effect` → `effect`, `node:fs` as it is. */
export const packageOf = (specifier: string): string => {
  const [first = "", second = ""] = specifier.split("/")
  if (specifier.startsWith("node:")) return first
  return specifier.startsWith("@") ? `${first}/${second}` : first
}

/** May the sources of a library import this? */
export const isAllowed = (boundary: Boundary, specifier: string): boolean => {
  if (specifier.startsWith("effect/")) return true
  const name = packageOf(specifier)
  return boundary.may.includes(name) || (name.startsWith("node:") && boundary.may.includes("node:*"))
}

/** The pattern of `no-restricted-imports` that says the same to the linter. */
export const toLinterPattern = (boundary: Boundary): ReadonlyArray<string> => [
  "**",
  "!effect/**",
  "!./**",
  "!../**",
  ...boundary.may.flatMap((name) => /^node:\w/.test(name) ? [`!${name}`] : [`!${name}`, `!${name}/**`])
]
