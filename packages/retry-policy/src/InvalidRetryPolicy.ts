/**
 * The error of a retry policy that cannot be built.
 *
 * Policies are definitions, written once at the top of a program, so their constructors throw this error instead of
 * returning it: a wrong number stops the program when it starts, not when the first job fails.
 *
 * @stability unstable
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Thrown by the constructors and combinators of `RetryPolicy` when an argument is out of range.
 *
 * **Details**
 *
 * `field` is the argument as the caller wrote it (`base`, `delays[2]`, `byTag.MailboxFull`), `value` is what was given,
 * as text, and `expected` says what is accepted.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class InvalidRetryPolicy extends Schema.TaggedError<InvalidRetryPolicy>()("InvalidRetryPolicy", {
  field: Schema.String,
  value: Schema.String,
  expected: Schema.String
}) {
  /**
   * One sentence with the field, the value and what to give instead.
   *
   * @since 0.1.0
   */
  override get message(): string {
    return `Retry policy field "${this.field}" is ${this.value}: give ${this.expected}`
  }
}
