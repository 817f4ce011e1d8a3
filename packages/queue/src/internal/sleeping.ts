/**
 * A durable sleep, checked and typed; the attempt keeps it in the job's checkpoint.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { CurrentJob } from "../CurrentJob.ts"
import type { Snooze } from "../JobSignal.ts"
import { InvalidOption } from "../QueueError.ts"
import type { Converted } from "./jobCodec.ts"
import * as JobCodec from "./jobCodec.ts"
import * as Checks from "./optionChecks.ts"

interface Options<A, E, R> {
  readonly before?: Effect.Effect<A, E, R>
  readonly value?: JobCodec.AnySchema
}

/** See `Job.sleep`. */
export const sleep = <A = void, E = never, R = never>(
  name: string,
  duration: Duration.Input,
  { before, value }: Options<A, E, R> = {}
): Effect.Effect<A, E | Snooze, R | CurrentJob> =>
  Effect.gen(function*() {
    const job = yield* CurrentJob
    const { millis, named } = yield* Effect.orDie(Effect.suspend(() => Effect.fromResult(checked(name, duration))))
    const codec = value === undefined ? dropped : JobCodec.pairOf(value)
    const json = yield* job.sleep(
      named,
      millis,
      Effect.flatMap(before ?? Effect.void, (result) => fit(named, codec.encode(result)))
    )
    return (yield* fit(named, codec.decode(json))) as A
  })

const checked = (name: string, duration: Duration.Input) =>
  Result.all({ named: Checks.label("sleep", name), millis: Checks.duration("duration", duration) })

/** The codec of a value that nobody asks for. */
const dropped: JobCodec.PairOf = {
  encode: () => ({ _tag: "Fits", value: null }),
  decode: () => ({ _tag: "Fits", value: undefined })
}

const fit = <A>(name: string, converted: Converted<A>): Effect.Effect<A> =>
  converted._tag === "Fits"
    ? Effect.succeed(converted.value)
    : Effect.die(new InvalidOption({ field: `sleep ${name}`, detail: converted.misfit.detail }))
