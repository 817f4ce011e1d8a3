/**
 * The processes of a simulation: workers with the real engine, and a client that produces and operates.
 */
import * as Queue from "@millrace/queue/Queue"
import * as Worker from "@millrace/queue/Worker"
import { WorkerIdentity } from "@millrace/queue/WorkerIdentity"
import type { WorkerOptions } from "@millrace/queue/WorkerOptions"
import { Storage } from "@millrace/storage/Storage"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type { Scenario, WorkerPlan } from "../Scenario.ts"
import * as Cast from "./cast.ts"
import type { Process } from "./kernel.ts"
import type { Service } from "./network.ts"

/** Starts a worker in a process; it runs until the fiber is interrupted, which stops it gracefully. */
export const startWorker = (
  process: Process,
  storage: Service,
  scenario: Scenario,
  plan: WorkerPlan,
  pid: number,
  stage: Cast.Stage
): Fiber.Fiber<never> => {
  const handlers = plan.names.map((name) => Cast.definitions[name].toLayer(Cast.handler(stage)))
  const [first, ...others] = handlers
  const layer = (first === undefined ? Layer.empty : Layer.mergeAll(first, ...others)).pipe(
    Layer.provideMerge(Worker.layer(optionsOf(scenario, plan))),
    Layer.provide(Layer.succeed(Storage, storage))
  )
  const context = Context.add(process.context, WorkerIdentity, { host: process.name, pid, release: "simulated" })
  return Effect.runForkWith(context)(Layer.launch(layer))
}

const optionsOf = ({ settings }: Scenario, plan: WorkerPlan): WorkerOptions => ({
  queues: plan.queues,
  concurrency: settings.concurrency,
  prefetch: settings.prefetch,
  perTenant: settings.perTenant,
  pollInterval: settings.pollMillis,
  leaseDuration: settings.leaseMillis,
  graceDuration: settings.graceMillis,
  maintenance: plan.maintenance
})

/** Runs an effect of the client: with a queue on its storage. */
export type RunClient = <A, E>(effect: Effect.Effect<A, E, Queue.Queue>) => Fiber.Fiber<A, E>

/** Starts the client; its queue lives as long as the simulation. */
export const startClient = (process: Process, storage: Service): RunClient => {
  const layer = Queue.layer.pipe(Layer.provide(Layer.succeed(Storage, storage)))
  let queue: Queue.Queue["Service"] | null = null
  Effect.runForkWith(process.context)(
    Layer.launch(
      Layer.effectDiscard(Queue.Queue.use((service) =>
        Effect.sync(() => {
          queue = service
        })
      )).pipe(Layer.provide(layer))
    )
  )
  return (effect) =>
    Effect.runForkWith(process.context)(
      Effect.suspend(() =>
        queue === null
          ? Effect.die("the client has not started")
          : Effect.provideService(effect, Queue.Queue, queue)
      )
    )
}
