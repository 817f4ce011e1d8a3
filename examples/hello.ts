import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { EmbeddedPostgres } from "@millrace/postgres-embedded"
import { Job, Queue, Worker } from "@millrace/queue"
import { PgStorage } from "@millrace/storage-postgres"
import { Console, Effect, Layer, Schema } from "effect"

const SendWelcome = Job.make("SendWelcome", { payload: { name: Schema.String }, success: Schema.String })

const SendWelcomeLive = SendWelcome.toLayer(({ name }, job) =>
  Effect.succeed(`Welcome, ${name}! (attempt ${job.attempt})`)
)

const program = SendWelcome.execute({ name: "Ada" }).pipe(Effect.flatMap(Console.log))

const Database = EmbeddedPostgres.layerClient.pipe(Layer.provide(EmbeddedPostgres.ephemeral()))
const Main = SendWelcomeLive.pipe(
  Layer.provideMerge([Queue.layer, Worker.layer()]),
  Layer.provide(PgStorage.layerMigrated()),
  Layer.provide(Database)
)

NodeRuntime.runMain(Effect.provide(program, Main))
