/**
 * How a benchmark fails: one error, with what was tried and what came of it.
 */
import * as CliError from "effect/cli/CliError"
import * as Schema from "effect/Schema"

/** A step of a benchmark did not do what it has to. */
export class BenchmarkFailed extends Schema.TaggedError<BenchmarkFailed>()("BenchmarkFailed", {
  step: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `${this.step}: ${this.detail}`
  }

  /** Shown on the command line without a stack. */
  override get [CliError.userMessage](): string {
    return this.message
  }
}

/** The text of whatever was thrown. */
const describe = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

/** Wraps what was thrown in a step. */
export const failedIn = (step: string) => (cause: unknown): BenchmarkFailed =>
  new BenchmarkFailed({ step, detail: describe(cause) })
