/**
 * Times that are promised: what was measured is printed, and a busy machine may take longer.
 */
import { assert } from "@effect/vitest"

/** With `MILLRACE_STRICT_TIMES` set, on a machine that does nothing else, the promise itself decides. */
const isStrict = (process.env["MILLRACE_STRICT_TIMES"] ?? "") !== ""

/** What a machine that is busy with other tests may add: twice the time, and what processes need to start. */
const busyMillis = (promisedMillis: number): number => 2 * promisedMillis + 5_000

/** Fails when something took far longer than was promised. */
export const within = (what: string, tookMillis: number, promisedMillis: number): void => {
  console.info(`${what}: ${Math.round(tookMillis)} ms, promised ${promisedMillis} ms`)
  assert.isAtMost(tookMillis, isStrict ? promisedMillis : busyMillis(promisedMillis), what)
}
