/**
 * The checks of the house in the order in which they run: the fast ones first.
 */

/**
 * One command of a run.
 *
 * A `check` counts as one passed or failed check and is silent while it passes; `tests` are counted one by one from
 * the JSON report that they write, and talk while they run; a `run` counts as one and talks while it runs.
 */
export interface Step {
  readonly name: string
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly kind: "check" | "tests" | "run"
}

const check = (command: string, ...args: ReadonlyArray<string>): Step => ({
  name: [command, ...args].join(" "),
  command,
  args,
  kind: "check"
})

/** All steps; the tests write their report to `reportFile`. */
export const all = (reportFile: string): ReadonlyArray<Step> => [
  check("tsc", "-b"),
  check("oxlint"),
  check("dprint", "check"),
  check("knip", "--no-config-hints"),
  {
    name: "vitest run",
    command: "vitest",
    args: ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`],
    kind: "tests"
  },
  { name: "simulate", command: "node", args: ["tools/simulate.ts", "--seeds", "1000"], kind: "run" },
  { name: "crash", command: "node", args: ["tests/system/src/crash/main.ts", "--quick"], kind: "run" }
]
