/**
 * Whether a stored job is as a test expects it, and how to tell the reader of a failing test.
 */
import type { JobRecord } from "@millrace/storage/JobRecord"
import type { Expected } from "../TestQueue.ts"

/** Is the job as expected? */
export const fits = (record: JobRecord, { payload, priority, queue, state, tags, tenant }: Expected): boolean =>
  (queue === undefined || record.queue === queue)
  && (tenant === undefined || record.tenant === tenant)
  && (priority === undefined || record.priority === priority)
  && (state === undefined || record.state === state)
  && (tags === undefined || tags.every((tag) => record.tags.includes(tag)))
  && (payload === undefined || contains(record.payload, payload))

/** Every field that is expected is there, with an equal value. */
const contains = (actual: unknown, expected: unknown): boolean => {
  if (typeof expected !== "object" || expected === null) return Object.is(actual, expected)
  if (typeof actual !== "object" || actual === null || Array.isArray(actual) !== Array.isArray(expected)) return false
  if (Array.isArray(actual) && Array.isArray(expected) && actual.length !== expected.length) return false
  return Object.entries(expected).every(([key, value]) => contains(Reflect.get(actual, key), value))
}

/** What was expected, to be read after the words "a job". */
export const render = (expected: Expected): string =>
  Object.keys(expected).length === 0 ? "" : ` with ${JSON.stringify(expected)}`

/** A job in one line. */
export const outline = ({ id, payload, priority, queue, state, tenant }: JobRecord): string =>
  `${id}: ${state} in ${queue}, ${tenant === "" ? "" : `tenant ${tenant}, `}priority ${priority}, payload ${
    JSON.stringify(payload)
  }`
