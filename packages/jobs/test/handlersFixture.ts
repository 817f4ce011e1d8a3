import type { Info } from "@millrace/queue/CurrentJob"
import type { Handler } from "@millrace/queue/Handlers"
import { Handlers } from "@millrace/queue/Handlers"
import type { JobId } from "@millrace/storage/JobId"
import { DateTime, Effect, Layer, Option, Result } from "effect"

/** A registry that keeps the handlers in a map. */
export const recording = () => {
  const handlers = new Map<string, Handler>()
  const layer = Layer.succeed(Handlers, {
    register: (handler) => Effect.sync(() => void handlers.set(handler.definition.name, handler)),
    names: Effect.sync(() => [...handlers.keys()])
  })
  return { handlers, layer }
}

/** The attempt of a job, without a storage behind it. */
export const info = (fields: Partial<Info> = {}): Info => ({
  id: "17" as JobId,
  name: "test",
  attempt: 1,
  maxAttempts: 5,
  token: 3,
  leaseId: "lease",
  queue: "default",
  tenant: "",
  tags: [],
  deadline: null,
  createdAt: DateTime.makeUnsafe(1_700_000_000_000),
  progress: () => Effect.void,
  log: () => Effect.void,
  checkpoint: () => Effect.void,
  checkpointed: Effect.succeed(Option.none()),
  sleep: (_name, _millis, before) => before,
  transactional: (effect) => effect,
  ...fields
})

/** Runs a registered handler with a payload as it comes from the storage, and answers its result as it is stored. */
export const runEncoded = Effect.fnUntraced(function*(handler: Handler | undefined, payload: unknown, job = info()) {
  if (handler === undefined) {
    return yield* Effect.die("no handler of that name")
  }
  const { codec } = handler.definition
  const decoded = codec.decodePayload(payload as never)
  if (decoded._tag === "Misfit") {
    return yield* Effect.die(decoded.misfit)
  }
  const outcome = yield* Effect.result(Effect.provideContext(handler.run(decoded.value, job), handler.context))
  return Result.isSuccess(outcome) ? codec.encodeSuccess(outcome.success) : codec.encodeError(outcome.failure)
})
