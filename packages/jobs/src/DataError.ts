/**
 * How data processing fails as a whole. A broken row is no failure: it is reported in the result.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The source lies outside the directories that jobs may read, or is not a regular file with a known ending.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class SourceNotAllowed extends Schema.TaggedError<SourceNotAllowed>()("SourceNotAllowed", {
  source: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `Source ${this.source} not allowed: ${this.detail}`
  }
}

/**
 * There is no such file in any of the input directories.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class SourceNotFound extends Schema.TaggedError<SourceNotFound>()("SourceNotFound", {
  source: Schema.String,
  searched: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `Source ${this.source} not found in ${
      this.searched.join(", ")
    }. Put the file there, or set MILLRACE_INPUT_DIR.`
  }
}

/**
 * The source can not be processed as asked, whatever its rows are: a faulty header, missing columns, a wrong encoding.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class SourceUnusable extends Schema.TaggedError<SourceUnusable>()("SourceUnusable", {
  source: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `Source ${this.source} unusable: ${this.detail}`
  }
}

/**
 * Reading the source or writing the output failed: a full disk, a lost mount. Trying again may help.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class FileFailure extends Schema.TaggedError<FileFailure>()("FileFailure", {
  operation: Schema.Literals(["read", "write"]),
  path: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `Could not ${this.operation} ${this.path}: ${this.detail}`
  }
}

/**
 * Schema of all errors of data processing.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export const DataError = Schema.Union([SourceNotAllowed, SourceNotFound, SourceUnusable, FileFailure])

/**
 * An error of data processing.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export type DataError = typeof DataError.Type
