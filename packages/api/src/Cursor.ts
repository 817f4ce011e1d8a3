/**
 * The opaque position in a list of jobs.
 *
 * A cursor names the last job of a page; the next page starts behind it, whatever was inserted or deleted in between.
 * It carries a check sum, so that a cut, mistyped or invented cursor is refused instead of starting somewhere else.
 * It is no secret and gives no right.
 *
 * @since 0.1.0
 */
import { JobId } from "@millrace/storage"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** The form of this release: another form gets another number, and old cursors are refused. */
const version = "1"

const isJobId = Schema.is(JobId.JobId)

/**
 * Writes the cursor of the page behind this job.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const encode = (before: JobId.JobId): string => encodeText(before)

/**
 * Reads a cursor of jobs; none when `encode` did not write exactly this text.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const decode = (cursor: string): Option.Option<JobId.JobId> => Option.filter(decodeText(cursor), isJobId)

/**
 * Writes the cursor of the page behind anything that has a name or an id.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const encodeText = (after: string): string => {
  const position = `${version}.${after}`
  return Base64Url.encode(`${position}.${checkSum(position)}`)
}

/**
 * Reads such a cursor; none when `encodeText` did not write exactly this text.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const decodeText = (cursor: string): Option.Option<string> => {
  const text = Base64Url.decodeString(cursor)
  if (Result.isFailure(text)) return Option.none()
  const after = text.success.slice(version.length + 1, text.success.lastIndexOf("."))
  return encodeText(after) === cursor ? Option.some(after) : Option.none()
}

/**
 * FNV-1a with 32 bits (offset basis and prime of Fowler, Noll and Vo): one damaged cursor in four thousand million
 * passes.
 */
const checkSum = (text: string): string => {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  }
  return (hash >>> 0).toString(36)
}
