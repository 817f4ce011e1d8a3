/**
 * The process around one contender: it answers the commands of the harness.
 *
 * Started by `ContenderProcess` with `fork`; the first argument is the module
 * of the adapter. Standard output belongs to the library under test.
 */
import { setTimeout as sleep } from "node:timers/promises"
import type { Contender, ContenderModule, RunningWorker } from "./Contender.ts"
import * as Producer from "./Producer.ts"
import type { Answer, Churned, CommandName, Commands, Request } from "./Protocol.ts"
import * as Shift from "./Shift.ts"
import * as Stopwatch from "./Stopwatch.ts"

type Handlers = {
  readonly [Name in CommandName]: (body: Commands[Name]["request"]) => Promise<Commands[Name]["answer"]>
}

/** Longest wait for something that must happen, in milliseconds: warm-up, emptying. */
const patienceMillis = 120_000

const until = async (what: string, holds: () => Promise<boolean> | boolean): Promise<void> => {
  const deadline = performance.now() + patienceMillis
  while (!await holds()) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${patienceMillis / 1000} s`)
    await sleep(5)
  }
}

interface Host {
  contender: Contender | undefined
  work: { readonly shift: Shift.Shift; readonly worker: RunningWorker } | undefined
}

const connected = (host: Host): Contender => {
  if (host.contender === undefined) throw new Error("the contender is not open yet: send open first")
  return host.contender
}

const working = (host: Host) => {
  if (host.work === undefined) throw new Error("no worker is running: send work first")
  return host.work
}

const startWork = async (host: Host, from: number, count: number): Promise<Shift.Shift> => {
  const shift = Shift.make(from, count)
  host.work = { shift, worker: await connected(host).work(shift.handle) }
  return shift
}

const stopWork = async (host: Host) => {
  const { shift, worker } = working(host)
  await worker.stop()
  host.work = undefined
  return shift.report()
}

/** Runs jobs that no figure counts: code is compiled, connections are open, statements are prepared afterwards. */
const warmUp = async (host: Host, jobs: number): Promise<null> => {
  const contender = connected(host)
  const plan = { inFlight: 32, chunk: 100, payloadBytes: 128, tenants: 0 }
  const singles = Math.ceil(jobs / 4)
  await Producer.enqueueOne(contender, { ...plan, from: -jobs, count: singles })
  await Producer.enqueueBulk(contender, { ...plan, from: -jobs + singles, count: jobs - singles, inFlight: 1 })
  const shift = await startWork(host, -jobs, jobs)
  await until("the warm-up", () => shift.progress().handled >= jobs)
  await until("settling the warm-up", async () => await contender.unfinished() === 0)
  await stopWork(host)
  return null
}

const churn = async (host: Host, plan: Commands["churn"]["request"]): Promise<Churned> => {
  // Room for 200,000 jobs a second: no contender comes near it, and a byte a job is cheap.
  const shift = await startWork(host, plan.from, plan.seconds * 200_000)
  const cpu = Stopwatch.cpuMicros()
  const startedAt = Stopwatch.epochNow()
  const { enqueued, windows } = await Producer.stream(connected(host), shift, plan)
  const handled = shift.progress().handled
  return {
    startedAt,
    endedAt: Stopwatch.epochNow(),
    handled,
    enqueued,
    cpuMicros: Stopwatch.cpuMicros() - cpu,
    windows
  }
}

const open = async (host: Host, module: ContenderModule, body: Commands["open"]["request"]): Promise<null> => {
  host.contender = module.make(body.target)
  if (body.setup) await host.contender.setup()
  await host.contender.connect()
  return null
}

const makeHandlers = (module: ContenderModule): Handlers => {
  const host: Host = { contender: undefined, work: undefined }
  return {
    open: (body) => open(host, module, body),
    warmUp: ({ jobs }) => warmUp(host, jobs),
    fill: (backlog) => connected(host).fill(backlog),
    enqueueOne: (plan) => Producer.enqueueOne(connected(host), plan),
    enqueueBulk: (plan) => Producer.enqueueBulk(connected(host), plan),
    work: async ({ count, from }) => {
      await startWork(host, from, count)
      return null
    },
    progress: async () => working(host).shift.progress(),
    stop: () => stopWork(host),
    unfinished: () => connected(host).unfinished(),
    latency: (plan) => Producer.latency(connected(host), working(host).shift, plan),
    churn: (plan) => churn(host, plan),
    close: async () => {
      await host.contender?.close()
      return null
    }
  }
}

const describe = (cause: unknown): string => cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)

const send = (answer: Answer): void => void process.send?.(answer)

const main = async (): Promise<void> => {
  const modulePath = process.argv[2]
  if (modulePath === undefined) throw new Error("ContenderHost needs the path of an adapter as its first argument")
  const handlers = makeHandlers(await import(modulePath))
  const dispatch = ({ body, command }: Request): Promise<unknown> => {
    const handler: (body: never) => Promise<unknown> = handlers[command]
    return handler(body as never)
  }
  process.on("message", (request: Request) => {
    dispatch(request).then(
      (body) => send({ id: request.id, ok: true, body }),
      (cause: unknown) => send({ id: request.id, ok: false, message: describe(cause) })
    )
  })
  process.on("disconnect", () => process.exit(0))
  send({ id: 0, ok: true, body: null })
}

await main()
