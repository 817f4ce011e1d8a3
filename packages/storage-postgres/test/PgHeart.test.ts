import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import type { Heart, WorkerRecord } from "@millrace/storage"
import type { Redacted } from "effect"
import { Context, Effect, Layer, Logger, Option, Queue, Scope } from "effect"
import * as PgHeart from "../src/PgHeart.ts"
import * as LiveDatabase from "./support/liveDatabase.ts"
import * as LossyProxy from "./support/lossyProxy.ts"

const leaseMillis = 1_500

/** A heart on a client of its own. */
const heartOf = Effect.fnUntraced(function*(options: PgClient.PgPoolConfig) {
  const context = yield* Layer.build(PgClient.layer(options))
  const heart = yield* PgHeart.make().pipe(
    Effect.provideService(PgClient.PgClient, Context.get(context, PgClient.PgClient))
  )
  assert(heart !== null)
  return heart
})

/** A registered worker and a heart that keeps it, after its first renewal. */
const kept = Effect.fnUntraced(
  function*(workerId: string, options: { url?: Redacted.Redacted; standstillMillis?: number }) {
    const live = yield* LiveDatabase.live()
    const { url } = yield* TestDatabase.TestDatabase
    const heart = yield* heartOf({ url: options.url ?? url, applicationName: workerId })
    yield* live.storage.renew({
      _tag: "Register",
      workerId,
      leaseMillis,
      info: { host: "h", pid: 1, release: "r", queues: ["default"], names: ["SendMail"], concurrency: 10 }
    })
    const answers = yield* Queue.unbounded<WorkerRecord.RenewResult>()
    const keeping = heart.keep({
      workerId,
      leaseMillis,
      everyMillis: leaseMillis / 3,
      standstillMillis: options.standstillMillis ?? 60_000,
      heard: (result) => Queue.offerUnsafe(answers, result)
    })
    const first = yield* Queue.take(answers)
    assert.strictEqual(first._tag, "Renewed")
    return { ...live, heart, keeping, answers }
  }
)

const isAlive = ({ sql }: LiveDatabase.Live, workerId: string) =>
  Effect.map(
    sql<{ alive: boolean }>`select expires_at > now() as alive from millrace.worker where id = ${workerId}`,
    ([row]) => row?.alive ?? false
  )

/** Lets nothing else of this process run. */
const block = (millis: number) =>
  Effect.sync(() => {
    const end = performance.now() + millis
    while (performance.now() < end);
  })

const nowMillis = Effect.sync(() => Number(process.hrtime.bigint()) / 1e6)

/** A renewal that is sent from now on. */
const renewedAgain = (keeping: Heart.Keeping) =>
  Effect.flatMap(nowMillis, (since) =>
    LiveDatabase.eventually(
      Effect.suspend(() => keeping.sentMillis() >= since ? Effect.void : Effect.fail("not yet" as const))
    ))

layer(LiveDatabase.layer, { excludeTestServices: true, timeout: 60_000 })("PgHeart", (it) => {
  it.effect("F06: renews a lease while the event loop stands still for three of it", () =>
    Effect.gen(function*() {
      const live = yield* kept("blocked", {})
      const before = live.keeping.sentMillis()
      yield* block(leaseMillis * 3)
      // Known at once, before any answer could be heard.
      assert.isAbove(live.keeping.sentMillis(), before + leaseMillis)
      assert.isAbove(live.keeping.sentMillis(), (yield* nowMillis) - leaseMillis)
      assert.isTrue(yield* isAlive(live, "blocked"))
      assert.strictEqual((yield* Queue.take(live.answers))._tag, "Renewed")
    }))

  it.effect("F06: leaves the lease of an event loop to end that gives no sign for too long, and goes on when it does", () =>
    Effect.gen(function*() {
      const live = yield* kept("dead loop", { standstillMillis: 1_200 })
      // This test gives no sign but the first.
      yield* LiveDatabase.eventually(
        Effect.filterOrFail(isAlive(live, "dead loop"), (alive) => !alive, () => "alive" as const)
      )
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sync(live.heart.sign), Effect.sleep("100 millis"))))
      yield* renewedAgain(live.keeping)
      assert.isTrue(yield* isAlive(live, "dead loop"))
    }))

  it.effect("F07: renews over a new connection when its own is ended", () =>
    Effect.gen(function*() {
      const live = yield* kept("cut", {})
      yield* live.sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cut heart'`
      yield* renewedAgain(live.keeping)
      assert.isTrue(yield* isAlive(live, "cut"))
    }))

  it.effect("F07: claims no renewal that a half-open connection swallowed, and gets over it", () =>
    Effect.gen(function*() {
      const proxy = yield* LossyProxy.make((yield* TestDatabase.TestDatabase).url)
      const live = yield* kept("half-open", { url: proxy.url })
      yield* proxy.swallow
      const sent = yield* nowMillis
      yield* proxy.shut
      yield* Effect.sleep(leaseMillis)
      assert.isBelow(live.keeping.sentMillis(), sent)
      yield* proxy.reopen
      yield* renewedAgain(live.keeping)
    }))

  it.effect("tells that a registration is lost, and renews it no more", () =>
    Effect.gen(function*() {
      const live = yield* kept("lost", {})
      yield* live.sql`delete from millrace.worker where id = 'lost'`
      const answer = yield* Queue.take(live.answers).pipe(Effect.repeat({ until: ({ _tag }) => _tag === "Lost" }))
      assert.strictEqual(answer._tag, "Lost")
      const sent = live.keeping.sentMillis()
      yield* Effect.sleep(leaseMillis)
      assert.strictEqual(live.keeping.sentMillis(), sent)
      assert.isTrue(Option.isNone(yield* Queue.poll(live.answers)))
    }))

  it.effect("stops renewing when it is told, and leaves no connection behind", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const live = yield* Scope.provide(kept("stopped", {}), scope)
      live.keeping.stop()
      yield* Effect.sleep(leaseMillis)
      const sent = live.keeping.sentMillis()
      yield* Effect.sleep(leaseMillis)
      assert.strictEqual(live.keeping.sentMillis(), sent)
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      const admin = yield* PgClient.PgClient
      const count = admin<{ n: number }>`
        select count(*)::int as n from pg_stat_activity where application_name = 'stopped heart'`
      yield* LiveDatabase.eventually(Effect.filterOrFail(count, ([row]) => row?.n === 0, () => "open" as const))
    }))

  it.effect("is none for a client whose transport no thread can have", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const context = yield* Layer.build(PgClient.layer({ url, stream: () => assert.fail("is not called") }))
      assert.isNull(yield* Effect.provideContext(PgHeart.make(), context))
    }).pipe(Effect.provideService(Logger.CurrentLoggers, new Set())))
})
