/**
 * A storage for tests: the memory storage, with every call written down, faults on demand, and transactions that are
 * simple enough to reason about.
 */
import type { FencedResult } from "@millrace/storage/Claim"
import * as MemoryStorage from "@millrace/storage/MemoryStorage"
import type { Settlement } from "@millrace/storage/Outcome"
import type { StorageEvent } from "@millrace/storage/Storage"
import { Storage } from "@millrace/storage/Storage"
import { Conflict, Invalid, StorageError, Unavailable } from "@millrace/storage/StorageError"
import { Context, Effect, Latch, Layer, PubSub, Stream } from "effect"

/** The methods that can be told to fail. */
export type Method =
  | "insert"
  | "claim"
  | "report"
  | "settle"
  | "renew"
  | "promote"
  | "reclaim"
  | "transition"
  | "list"
  | "history"
  | "prune"

/** One call: what was asked, in the order of the calls. */
export interface Call {
  readonly method: Method
  readonly input: unknown
}

/**
 * What happens to the next calls of a method: `fail` does nothing and fails, `lose` does its work and loses the answer,
 * `hang` never answers, `die` dies.
 */
export type Fault = "fail" | "lose" | "hang" | "die" | "invalid" | "conflict"

/** The hands of a test on its storage. */
export class TestStorage extends Context.Service<TestStorage, {
  readonly calls: Array<Call>
  /** Lets the next `times` calls of a method go wrong. Defaults to 1. */
  readonly fault: (method: Method, fault: Fault, times?: number) => void
  readonly heal: () => void
  /** Calls of a method so far. */
  readonly count: (method: Method) => number
  /** Holds the calls of a method back until the latch opens. */
  readonly hold: (method: Method) => Latch.Latch
  /** Lets the calls of a method take effect, and holds their answers back until the latch opens. */
  readonly holdAnswers: (method: Method) => Latch.Latch
  readonly settlements: () => ReadonlyArray<Settlement>
  readonly inner: Storage["Service"]
  readonly publish: (event: StorageEvent) => Effect.Effect<void>
  /** Effects that were committed by transactions. */
  readonly committed: Array<unknown>
}>()("@millrace/queue/test/TestStorage") {}

const unavailable = (operation: string) =>
  new StorageError({ reason: new Unavailable({ operation, detail: "a fault of the test" }) })

interface Options {
  /** Whether the storage has transactions. */
  readonly transactions?: boolean
  /** Whether the driver can tell that a fiber is inside one. */
  readonly tells?: boolean
  /** Whether the storage gives hints. */
  readonly events?: boolean
  /** A result that the storage refuses to hold. */
  readonly refusesResult?: string
}

const isRefused = ({ refusesResult }: Options, outcome: Settlement["outcome"]): boolean =>
  refusesResult !== undefined && outcome._tag === "Completed" && outcome.result === refusesResult

/** The row that a transaction of the test would write. */
export const Transaction = Context.Reference<
  { readonly writes: Array<unknown>; readonly settles: Array<Effect.Effect<unknown, StorageError>> } | null
>(
  "@millrace/queue/test/Transaction",
  { defaultValue: () => null }
)

/** What the commit of the next transaction does: `lose` commits and fails, `fail` rolls back and fails. */
export type CommitFault = "lose" | "fail" | "conflict" | null

/** How the next commits go. */
export class Commits extends Context.Service<Commits, { next: CommitFault }>()("@millrace/queue/test/Commits") {}

/** Writes inside of the transaction of the caller, or at once. */
export const write = (value: unknown): Effect.Effect<void, never, TestStorage> =>
  Effect.gen(function*() {
    const transaction = yield* Transaction
    const { committed } = yield* TestStorage
    ;(transaction === null ? committed : transaction.writes).push(value)
  })

export const layer = (options: Options = {}): Layer.Layer<Storage | TestStorage | Commits> =>
  Layer.effectContext(Effect.gen(function*() {
    const inner = yield* MemoryStorage.make()
    const extra = yield* PubSub.unbounded<StorageEvent>()
    const calls: Array<Call> = []
    const faults = new Map<Method, { fault: Fault; times: number }>()
    const holds = new Map<Method, Latch.Latch>()
    const answerHolds = new Map<Method, Latch.Latch>()
    const commits: { next: CommitFault } = { next: null }
    const committed: Array<unknown> = []

    const faulty = <A>(
      method: Method,
      input: unknown,
      call: Effect.Effect<A, StorageError>
    ): Effect.Effect<A, StorageError> =>
      Effect.suspend(() => {
        calls.push({ method, input })
        const next = faults.get(method)
        const held = holds.get(method)?.await ?? Effect.void
        const answer = answerHolds.get(method)?.await ?? Effect.void
        if (next === undefined || next.times <= 0) return Effect.andThen(held, Effect.tap(call, () => answer))
        next.times -= 1
        switch (next.fault) {
          case "fail":
            return Effect.fail(unavailable(method))
          case "conflict":
            return Effect.fail(new StorageError({ reason: new Conflict({ operation: method, detail: "a deadlock" }) }))
          case "invalid":
            return Effect.fail(
              new StorageError({
                reason: new Invalid({ operation: method, field: "x", detail: "refused by the test" })
              })
            )
          case "lose":
            return Effect.andThen(call, Effect.fail(unavailable(method)))
          case "hang":
            return Effect.never
          case "die":
            return Effect.die(new Error(`${method} died`))
        }
      })

    /** Inside a transaction a settlement is decided now, by the fence, and takes effect at the commit. */
    const settle = (workerId: string, settlements: ReadonlyArray<Settlement>) =>
      Effect.flatMap(Transaction, (transaction) => {
        if (settlements.some(({ outcome }) => isRefused(options, outcome))) {
          return Effect.fail(
            new StorageError({ reason: new Invalid({ operation: "settle", field: "result", detail: "refused" }) })
          )
        }
        if (transaction === null) return inner.settle(workerId, settlements)
        return Effect.map(
          inner.list({ ids: settlements.map(({ id }) => id) }),
          ({ items }): ReadonlyArray<FencedResult> =>
            settlements.map((settlement) => {
              const record = items.find(({ id }) => id === settlement.id)
              if (record?.token !== settlement.token || record.workerId !== workerId || record.state !== "running") {
                return "LeaseLost"
              }
              transaction.settles.push(inner.settle(workerId, [settlement]))
              return "Applied"
            })
        )
      })

    const transaction = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | StorageError, R> =>
      Effect.suspend(() => {
        const own = { writes: new Array<unknown>(), settles: new Array<Effect.Effect<unknown, StorageError>>() }
        return Effect.flatMap(Effect.provideService(effect, Transaction, own), (value) => {
          const fault = commits.next
          commits.next = null
          if (fault === "fail") return Effect.fail(unavailable("commit"))
          if (fault === "conflict") {
            return Effect.fail(
              new StorageError({ reason: new Conflict({ operation: "commit", detail: "serialization" }) })
            )
          }
          const commit = Effect.andThen(
            Effect.all(own.settles),
            Effect.sync(() => committed.push(...own.writes))
          )
          return Effect.andThen(commit, fault === "lose" ? Effect.fail(unavailable("commit")) : Effect.succeed(value))
        })
      })

    const storage = Storage.of({
      capabilities: {
        durable: false,
        transaction: options.transactions === true ? transaction : null,
        inTransaction: options.tells === true ? Effect.map(Transaction, (inside) => inside !== null) : null
      },
      insert: (jobs) => faulty("insert", jobs, inner.insert(jobs)),
      claim: (request) => faulty("claim", request, inner.claim(request)),
      report: (workerId, reports) => faulty("report", reports, inner.report(workerId, reports)),
      settle: (workerId, settlements) => faulty("settle", settlements, settle(workerId, settlements)),
      renew: (request) => faulty("renew", request, inner.renew(request)),
      promote: (request) => faulty("promote", request, inner.promote(request)),
      reclaim: (request) => faulty("reclaim", request, inner.reclaim(request)),
      transition: (ids, action) => faulty("transition", { ids, action }, inner.transition(ids, action)),
      control: inner.control,
      list: (query) => faulty("list", query, inner.list(query)),
      inspect: { ...inner.inspect, history: (id) => faulty("history", id, inner.inspect.history(id)) },
      overview: inner.overview,
      prune: (policy) => faulty("prune", policy, inner.prune(policy)),
      events: options.events === false
        ? Stream.never
        : Stream.merge(inner.events, Stream.fromPubSub(extra))
    })
    return Context.make(Storage, storage).pipe(
      Context.add(Commits, commits),
      Context.add(TestStorage, {
        calls,
        fault: (method, fault, times = 1) => faults.set(method, { fault, times }),
        heal: () => faults.clear(),
        count: (method) => calls.filter((call) => call.method === method).length,
        hold: (method) => {
          const latch = Latch.makeUnsafe(false)
          holds.set(method, latch)
          return latch
        },
        holdAnswers: (method) => {
          const latch = Latch.makeUnsafe(false)
          answerHolds.set(method, latch)
          return latch
        },
        settlements: () =>
          calls.filter(({ method }) => method === "settle").flatMap(({ input }) => input as ReadonlyArray<Settlement>),
        inner,
        publish: (event) => Effect.asVoid(PubSub.publish(extra, event)),
        committed
      })
    )
  }))
