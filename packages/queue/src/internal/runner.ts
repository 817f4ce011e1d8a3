/**
 * Runner: starts the handlers of claims for which a slot is free, and turns their ends into outcomes.
 *
 * One for each queue. An attempt is a pipeline: decode → start → handler fiber → end → outcome. Each has one fiber and no
 * timer of its own: the timekeeper watches its time.
 */
import type { Outcome } from "@millrace/storage/Outcome"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { CurrentJob } from "../CurrentJob.ts"
import * as Defaults from "../Defaults.ts"
import type { Handler } from "../Handlers.ts"
import { Attempt } from "./attempt.ts"
import type { Held } from "./claimTable.ts"
import * as ClaimTable from "./claimTable.ts"
import * as Elapsed from "./elapsed.ts"
import * as EncodedStorage from "./encodedStorage.ts"
import * as JobLog from "./jobLog.ts"
import * as Lane from "./lane.ts"
import * as Loop from "./loop.ts"
import * as Outcomes from "./outcome.ts"
import * as Session from "./session.ts"
import * as Policies from "./storedPolicy.ts"
import * as Workshop from "./workshop.ts"

/** The runner of a queue. */
export const make = (shop: Workshop.Workshop, lane: Lane.Lane): Loop.Actor<never> => ({
  name: `runner of ${lane.settings.queue}`,
  wake: lane.runWake,
  step: Effect.sync(() => step(shop, lane))
})

/** Handlers started before other fibers get a turn. */
const startsMax = 128

const step = (shop: Workshop.Workshop, lane: Lane.Lane): Loop.Pause => {
  const nowMillis = Workshop.nowMillis(shop)
  let starts = 0
  // The storage was told that a claim starts in the slots that were free: fewer since then do not keep it waiting.
  const slots = Math.max(lane.slots, lane.promised)
  while (lane.buffer.length > 0 && lane.running < slots) {
    if (starts === startsMax) return Loop.again
    starts += 1
    const held = lane.buffer.shift()
    if (held !== undefined) start(shop, held)
  }
  lane.promised = 0
  releaseAged(shop, lane, nowMillis)
  if (!lane.isDrained && Lane.wanted(lane, 1) > 0) lane.claimWake.openUnsafe()
  const [oldest] = lane.buffer
  if (oldest === undefined) return Loop.untilWoken
  return Loop.exactly(Math.max(1, Math.ceil(oldest.claimedMillis + Defaults.prefetchAgeMillis - nowMillis)))
}

/** Claims that found no slot in time go back, so that another worker may run them. */
const releaseAged = (shop: Workshop.Workshop, lane: Lane.Lane, nowMillis: number): void => {
  const isAged = (held: Held) => nowMillis - held.claimedMillis >= Defaults.prefetchAgeMillis
  while (lane.buffer[0] !== undefined && isAged(lane.buffer[0])) {
    const held = lane.buffer.shift()
    if (held !== undefined) ClaimTable.putOutcome(shop.table, held, Outcomes.released, nowMillis)
  }
}

const start = (shop: Workshop.Workshop, held: Held): void => {
  const nowMillis = Workshop.nowMillis(shop)
  const handler = shop.handlers.get(held.claim.name)
  // After a freeze the claim's reply may be read before the timekeeper looks: nothing starts beyond the lease.
  if (Session.isOver(held.session, nowMillis)) Session.catchUp(held.session, shop.settings.leaseMillis)
  if (handler === undefined || Session.isOver(held.session, nowMillis)) {
    return ClaimTable.putOutcome(shop.table, held, Outcomes.released, nowMillis)
  }
  const leftMillis = deadlineIn(shop, held)
  if (leftMillis <= 0) return ClaimTable.putOutcome(shop.table, held, Outcomes.tooLate, nowMillis)
  const json = EncodedStorage.decodePayload(shop.codec, held.claim)
  if (json._tag === "Misfit") {
    return ClaimTable.putOutcome(shop.table, held, Outcomes.unreadable(json.misfit.detail), nowMillis)
  }
  const payload = handler.definition.codec.decodeVersion(json.value, held.claim.version)
  if (payload._tag === "Misfit") {
    const { detail, field } = payload.misfit
    return ClaimTable.putOutcome(shop.table, held, Outcomes.undecodable(field, detail), nowMillis)
  }
  const timeoutMillis = held.claim.timeoutMillis ?? handler.definition.options.timeoutMillis
  ClaimTable.start(shop.table, held, handler, timeoutMillis, leftMillis, nowMillis)
  JobLog.started(shop, held)
  run(shop, held, handler, payload.value)
}

/** Milliseconds until the job must be over, by this machine's clock; Infinity when it need not. */
const deadlineIn = (shop: Workshop.Workshop, { claim }: Held): number => {
  const deadline = Policies.deadlineOf(claim.retry)
  return deadline === Infinity ? Infinity : deadline - shop.clock.currentTimeMillisUnsafe()
}

/** A handler that ends without waiting ends here and now; another one tells when it does. */
const run = (shop: Workshop.Workshop, held: Held, handler: Handler, payload: unknown): void => {
  const job = new Attempt(shop, held)
  const scope = Scope.makeUnsafe()
  const span = JobLog.startSpan(shop, held, handler)
  const context = contextOf(held, handler, job, scope, span)
  // Suspended, so that a handler that throws before it returns an effect fails its attempt and nothing else.
  const fiber = Effect.runForkWith(context)(Effect.suspend(() => handler.run(payload, job)))
  const ended = (exit: Exit.Exit<unknown, unknown>) => {
    if (span !== null) JobLog.endSpan(shop, span, exit)
    closeScope(shop, held, context, scope, exit)
  }
  const exit = fiber.pollUnsafe()
  if (exit !== undefined) return ended(exit)
  held.fiber = fiber
  fiber.addObserver(ended)
  if (held.stop !== null) fiber.interruptUnsafe()
}

const contextOf = (
  held: Held,
  handler: Handler,
  job: Attempt,
  scope: Scope.Scope,
  span: Tracer.Span | null
): Context.Context<never> => {
  const annotations = Context.get(handler.context, References.CurrentLogAnnotations)
  const context = Context.add(
    Context.add(
      Context.add(handler.context, CurrentJob, job),
      References.CurrentLogAnnotations,
      { ...annotations, ...JobLog.annotations(held) }
    ),
    Scope.Scope,
    scope
  )
  return span === null ? context : Context.add(context, Tracer.ParentSpan, span)
}

/** Most handlers open nothing. What others opened is closed on their slot, out of reach of interruption. */
const closeScope = (
  shop: Workshop.Workshop,
  held: Held,
  context: Context.Context<never>,
  scope: Scope.Closeable,
  exit: Exit.Exit<unknown, unknown>
): void => {
  if (scope.state._tag === "Empty") return end(shop, held, exit)
  held.fiber = null
  Effect.runForkWith(context)(Scope.close(scope, exit), { uninterruptible: true }).addObserver((closed) =>
    end(shop, held, Exit.isFailure(closed) && Exit.isSuccess(exit) ? closed : exit)
  )
}

const end = (shop: Workshop.Workshop, held: Held, exit: Exit.Exit<unknown, unknown>): void => {
  ClaimTable.freeSlot(shop.table, held)
  const nowMillis = Workshop.nowMillis(shop)
  if (held.session.state === "lost" || held.transaction === "committed") return leave(shop, held, exit)
  if (Exit.isSuccess(exit)) return conclude(shop, held, exit, 0, nowMillis)
  held.phase = "settling"
  const known = Elapsed.ofFirstAttempt(held, nowMillis)
  if (known !== null || !Elapsed.matters(held)) return conclude(shop, held, exit, known ?? 0, nowMillis)
  Effect.runForkWith(shop.context)(Elapsed.ofHistory(shop.storage, held, nowMillis)).addObserver((elapsed) =>
    conclude(shop, held, exit, Exit.isSuccess(elapsed) ? elapsed.value : 0, nowMillis)
  )
}

const conclude = (
  shop: Workshop.Workshop,
  held: Held,
  exit: Exit.Exit<unknown, unknown>,
  elapsedMillis: number,
  nowMillis: number
): void => {
  ClaimTable.putOutcome(shop.table, held, outcomeOf(shop, held, exit, elapsedMillis), nowMillis)
}

const outcomeOf = (
  shop: Workshop.Workshop,
  held: Held,
  exit: Exit.Exit<unknown, unknown>,
  elapsedMillis: number
): Outcome => {
  if (held.handler === null) return Outcomes.released
  const { definition } = held.handler
  return Outcomes.exitToOutcome({
    claim: held.claim,
    definition,
    exit,
    stop: held.stop,
    elapsedMillis,
    leftMillis: deadlineIn(shop, held)
  })
}

/** Nothing is left to settle: the claim was lost, or the handler's transaction completed the job. */
const leave = (shop: Workshop.Workshop, held: Held, exit: Exit.Exit<unknown, unknown>): void => {
  ClaimTable.remove(shop.table, held)
  if (held.transaction !== "committed") return
  if (Exit.isFailure(exit) && held.stop === null) {
    JobLog.say(shop, "Warn", "the handler failed after its transaction had completed the job", JobLog.annotations(held))
  }
}
