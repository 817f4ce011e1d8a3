/**
 * Limits the requests that are worked on at the same time, so that memory and the database stay within bounds.
 *
 * @since 0.1.0
 */
import { ApiError } from "@millrace/api"
import * as Effect from "effect/Effect"

/**
 * Runs requests, at most `limit` at a time; further ones are refused at once.
 *
 * **Details**
 *
 * Refused, not queued: a queue would only add its waiting time to the answer, and hold the bodies in memory.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = (limit: number) => {
  let running = 0
  const enter = Effect.sync(() => running++)
  const leave = Effect.sync(() => running--)
  return <A, E, R>(request: Effect.Effect<A, E, R>): Effect.Effect<A, E | ApiError.TooManyRequests, R> =>
    Effect.suspend((): Effect.Effect<A, E | ApiError.TooManyRequests, R> =>
      running >= limit ? Effect.fail(tooMany(limit)) : Effect.acquireUseRelease(enter, () => request, () => leave)
    )
}

const tooMany = (limit: number) =>
  new ApiError.TooManyRequests({
    error: {
      message: `The server works on ${limit} requests already`,
      hint: "Try again later, or send many jobs in one POST /api/v1/jobs/batch"
    }
  })
