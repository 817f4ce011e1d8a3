/**
 * A business row and its job in one transaction: both are there after the commit, neither after a rollback.
 *
 * `SendReceipt.enqueue` takes part in the transaction that the fiber is in; there is nothing to pass along.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { EmbeddedPostgres } from "@millrace/postgres-embedded"
import { Job, Queue } from "@millrace/queue"
import { PgStorage } from "@millrace/storage-postgres"
import { Console, Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"

class CardRefused extends Schema.TaggedError<CardRefused>()("CardRefused", { orderId: Schema.String }) {}

const SendReceipt = Job.make("SendReceipt", { payload: { orderId: Schema.String } })

const placeOrder = Effect.fn("placeOrder")(function*(orderId: string, cardIsGood: boolean) {
  const sql = yield* SqlClient.SqlClient
  return yield* sql.withTransaction(Effect.gen(function*() {
    yield* sql`insert into orders (id) values (${orderId})`
    yield* SendReceipt.enqueue({ orderId })
    yield* Console.log(`order ${orderId} and its job are written, not committed`)
    if (!cardIsGood) return yield* new CardRefused({ orderId })
  }))
})

const program = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`create table orders (id text primary key)`
  yield* placeOrder("A-1", true)
  yield* placeOrder("A-2", false).pipe(
    Effect.catchTag("CardRefused", ({ orderId }) => Console.log(`order ${orderId} is rolled back`))
  )
  const orders = yield* sql<{ id: string }>`select id from orders`
  const jobs = yield* Queue.Queue.use((queue) => queue.list({ names: ["SendReceipt"] }))
  yield* Console.log("orders:", orders.map(({ id }) => id))
  yield* Console.log("jobs:", jobs.items.map(({ payload, state }) => ({ state, payload })))
})

const Database = EmbeddedPostgres.layerClient.pipe(Layer.provide(EmbeddedPostgres.ephemeral()))
const Main = Queue.layer.pipe(
  Layer.provide(PgStorage.layerMigrated()),
  // The program and the queue share one client: that is what makes their statements one transaction.
  Layer.provideMerge(Database)
)

NodeRuntime.runMain(Effect.provide(program, Main))
