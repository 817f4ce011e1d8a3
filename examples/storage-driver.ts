/**
 * A storage driver in its smallest form: here every method passes its call on to the reference, and counts it.
 *
 * `examples/test/storage-driver.test.ts` holds it to the conformance suite. A driver for a database has the same shape:
 * one service of thirteen methods and a group of reads, and a layer that needs the client of that database.
 */
import { MemoryStorage, Storage } from "@millrace/storage"
import { Effect, Layer, Metric } from "effect"

/** How often each method was called. */
export const calls = Metric.frequency("storage_calls")

const counted = <A, E>(method: string, call: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.andThen(Metric.update(calls, method), call)

const make = Effect.map(MemoryStorage.make(), (inner) =>
  Storage.Storage.of({
    // What a driver can not do it says here: this one keeps nothing, and has no transactions.
    capabilities: { durable: false, transaction: null },
    insert: (jobs) => counted("insert", inner.insert(jobs)),
    claim: (options) => counted("claim", inner.claim(options)),
    report: (workerId, reports) => counted("report", inner.report(workerId, reports)),
    settle: (workerId, settlements) => counted("settle", inner.settle(workerId, settlements)),
    renew: (request) => counted("renew", inner.renew(request)),
    promote: (options) => counted("promote", inner.promote(options)),
    reclaim: (options) => counted("reclaim", inner.reclaim(options)),
    transition: (ids, action) => counted("transition", inner.transition(ids, action)),
    control: (command) => counted("control", inner.control(command)),
    list: (query) => counted("list", inner.list(query)),
    inspect: {
      history: (id) => counted("history", inner.inspect.history(id)),
      logs: (id) => counted("logs", inner.inspect.logs(id)),
      explain: (id) => counted("explain", inner.inspect.explain(id)),
      limits: counted("limits", inner.inspect.limits),
      tenants: (query) => counted("tenants", inner.inspect.tenants(query))
    },
    overview: counted("overview", inner.overview),
    prune: (policy) => counted("prune", inner.prune(policy)),
    events: inner.events
  }))

/** The driver. Every time the layer is built, its storage is empty. */
export const layer: Layer.Layer<Storage.Storage> = Layer.effect(Storage.Storage, make)
