/**
 * Registering handlers with a worker, and letting them go.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import type { Handler, Handlers } from "../Handlers.ts"
import * as JobDefaults from "../JobDefaults.ts"
import { InvalidOption } from "../QueueError.ts"
import * as ClaimTable from "./claimTable.ts"
import * as Declarer from "./declarer.ts"
import * as Outcomes from "./outcome.ts"
import * as Shutdown from "./shutdown.ts"
import * as Workshop from "./workshop.ts"

/** The handlers of a worker. */
export const make = (shop: Workshop.Workshop, defaults: JobDefaults.Values): Handlers["Service"] => ({
  register: (given) => {
    const handler = prepare(given, defaults)
    return Effect.acquireRelease(add(shop, handler), () => letGo(shop, handler))
  },
  names: Effect.sync(() => Workshop.names(shop))
})

const add = (shop: Workshop.Workshop, handler: Handler): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { name } = handler.definition
    if (shop.handlers.has(name)) {
      return Effect.die(
        new InvalidOption({ field: "name", detail: `the job ${name} has a handler in this worker already` })
      )
    }
    const rules = [...shop.handlers.values()].flatMap(({ definition }) => definition.options.rules)
    const clash = Declarer.conflict(new Map(rules.map((rule) => [rule.name, rule])), handler.definition.options.rules)
    if (clash !== null) return Effect.die(clash)
    shop.handlers.set(name, handler)
    shop.wakes.declarer.openUnsafe()
    announce(shop)
    return Effect.void
  })

/** A handler's attempts do not belong to the span in which its layer was built. Flat, for it is added to for every job. */
const prepare = (handler: Handler, defaults: JobDefaults.Values): Handler => ({
  ...handler,
  definition: JobDefaults.applied(handler.definition, defaults),
  context: Context.omit(Tracer.ParentSpan)(handler.context)
})

/** The services of the handler are closed after this: none of its attempts may be left. */
const letGo = (shop: Workshop.Workshop, handler: Handler): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { name } = handler.definition
    shop.handlers.delete(name)
    announce(shop)
    const nowMillis = Workshop.nowMillis(shop)
    for (const lane of shop.lanes) {
      const [gone, kept] = [
        lane.buffer.filter((held) => held.claim.name === name),
        lane.buffer.filter((held) => held.claim.name !== name)
      ]
      lane.buffer = kept
      for (const held of gone) ClaimTable.putOutcome(shop.table, held, Outcomes.released, nowMillis)
    }
    return Shutdown.drain(shop, (held) => held.handler === handler)
  })

/** The storage hears of the names with the next renewal, which is now. */
const announce = (shop: Workshop.Workshop): void => {
  shop.session.isOutdated = true
  Workshop.askForRenewal(shop)
  Workshop.wakeClaimers(shop)
}
