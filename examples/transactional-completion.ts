/**
 * Effects exactly once: what a handler writes inside `Job.transactional` commits together with the job's completion.
 *
 * The first attempt writes and then dies. Its write is rolled back, so that the second one books the amount once.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { EmbeddedPostgres } from "@millrace/postgres-embedded"
import { Job, Queue, Worker } from "@millrace/queue"
import { RetryPolicy } from "@millrace/retry-policy"
import { PgStorage } from "@millrace/storage-postgres"
import { Console, Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"

const Withdraw = Job.make("Withdraw", {
  payload: { account: Schema.String, cents: Schema.Int },
  success: Schema.Struct({ balance: Schema.Int }),
  retry: RetryPolicy.fixed("100 millis", { maxAttempts: 3 })
})

const WithdrawLive = Withdraw.toLayer(
  Effect.fn("Withdraw")(function*({ account, cents }, job) {
    const sql = yield* SqlClient.SqlClient
    return yield* Job.transactional(Effect.gen(function*() {
      const [row] = yield* Effect.orDie(sql<{ balance: number }>`
      update account set balance = balance - ${cents} where id = ${account} returning balance`)
      yield* Console.log(`attempt ${job.attempt} sees the balance ${row?.balance}`)
      if (job.attempt === 1) return yield* Effect.die(new Error("the power fails after the update"))
      return { balance: row?.balance ?? 0 }
    }))
  })
)

const program = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`create table account (id text primary key, balance int not null)`
  yield* sql`insert into account (id, balance) values ('ada', 10000)`
  const result = yield* Withdraw.execute({ account: "ada", cents: 2500 })
  yield* Console.log("result:", result)
  yield* Console.log("account:", yield* sql`select balance from account`)
})

const Database = EmbeddedPostgres.layerClient.pipe(Layer.provide(EmbeddedPostgres.ephemeral()))
const Main = WithdrawLive.pipe(
  Layer.provideMerge([Queue.layer, Worker.layer()]),
  Layer.provide(PgStorage.layerMigrated()),
  Layer.provideMerge(Database)
)

NodeRuntime.runMain(Effect.provide(program, Main))
