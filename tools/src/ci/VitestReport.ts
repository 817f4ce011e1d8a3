/**
 * Counts the tests of a vitest run from its JSON report.
 *
 * A file that cannot be loaded has no test that failed, an error outside of a test belongs to no test, and a run
 * that dies writes no report: each of these must still count as a failure.
 */
import { Option, Schema } from "effect"
import * as Tally from "./Tally.ts"

const Report = Schema.Struct({
  numPassedTests: Schema.Finite,
  numFailedTests: Schema.Finite,
  numPendingTests: Schema.Finite,
  numTodoTests: Schema.Finite,
  testResults: Schema.Array(Schema.Struct({
    status: Schema.String,
    assertionResults: Schema.Array(Schema.Struct({ status: Schema.String }))
  }))
})

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Report))

/** Files that failed as a whole: none of their tests is counted as failed. */
const brokenFiles = (report: typeof Report.Type): number =>
  report.testResults.filter((file) =>
    file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed")
  ).length

/**
 * The tally of a vitest run, from the text of its report (none when it wrote none) and its exit code.
 */
export const tally = (text: Option.Option<string>, exitCode: number): Tally.Tally =>
  Option.match(Option.flatMap(text, decode), {
    onNone: () => Tally.check(false),
    onSome: (report) => {
      const failed = report.numFailedTests + brokenFiles(report)
      const ran = report.numPassedTests + failed > 0
      return Tally.make({
        passed: report.numPassedTests,
        failed: failed === 0 && (exitCode !== 0 || !ran) ? 1 : failed,
        skipped: report.numPendingTests + report.numTodoTests
      })
    }
  })
