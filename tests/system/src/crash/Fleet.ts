/**
 * The processes of a storm: each place in the fleet always has one, and when it dies the next one takes its place.
 */
import { Deferred, Effect } from "effect"
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import { join } from "node:path"
import * as CrashLedger from "./CrashLedger.ts"
import * as ProcessOrder from "./ProcessOrder.ts"

/** How a process came to its end, or what was done to it while it lived. */
export type Fate = "killed" | "aborted" | "stopped" | "failed"

/** One process. */
export interface Member {
  /** The name of its place and its number there: `worker-3.17`. */
  readonly name: string
  readonly place: string
  readonly pid: number
  readonly ledger: string
  readonly startedMillis: number
  /** When it began to serve; null before. */
  readyMillis: number | null
  readonly child: ChildProcess
  readonly ended: Deferred.Deferred<void>
  state: "starting" | "ready" | "frozen" | "stopping" | "ended"
  /** When it was frozen, and when it went on. */
  readonly freezes: Array<{ readonly fromMillis: number; untilMillis: number | null }>
  /** The signal that was meant to end it. */
  meant: "SIGKILL" | "SIGTERM" | null
  fate: Fate | null
  endedMillis: number | null
  exit: { readonly code: number | null; readonly signal: string | null } | null
}

/** What all processes of a fleet have in common. */
export interface FleetOptions {
  readonly folder: string
  /** The module that a worker runs. */
  readonly module: string
  /** Arguments for Node before the module, by the name of the place. */
  readonly nodeArguments?: (place: string) => ReadonlyArray<string>
  readonly environment?: { readonly [variable: string]: string }
}

/** A running fleet. */
export interface Fleet {
  /** All processes that ever were. */
  readonly members: ReadonlyArray<Member>
  /** Those that serve. */
  readonly ready: () => ReadonlyArray<Member>
  /** Fills a place for good. */
  readonly enlist: (order: Omit<ProcessOrder.ProcessOrder, "ledger">, restarts: boolean) => Member
  readonly kill: (member: Member) => Effect.Effect<void>
  readonly freeze: (member: Member) => void
  readonly thaw: (member: Member) => void
  /** Asks a process to stop, and waits until it has. */
  readonly stop: (member: Member) => Effect.Effect<void>
  /** Fills no place again, and ends all that live: gracefully, then not. */
  readonly disband: Effect.Effect<void>
}

interface State {
  readonly options: FleetOptions
  readonly members: Array<Member>
  isDisbanded: boolean
}

/** Makes an empty fleet, which is disbanded with the scope. */
export const make = (options: FleetOptions) =>
  Effect.acquireRelease(
    Effect.sync(() => toFleet({ options, members: [], isDisbanded: false })),
    (fleet) => fleet.disband
  )

const toFleet = (state: State): Fleet => ({
  members: state.members,
  ready: () => state.members.filter((member) => member.state === "ready"),
  enlist: (order, restarts) => fill(state, order, restarts, 1),
  kill: (member) =>
    Effect.suspend(() => {
      member.meant = "SIGKILL"
      // From now on: nobody else is to choose the same victim.
      member.state = "stopping"
      signal(member, "SIGKILL")
      return Deferred.await(member.ended)
    }),
  freeze: (member) => {
    member.state = "frozen"
    member.freezes.push({ fromMillis: CrashLedger.nowMillis(), untilMillis: null })
    signal(member, "SIGSTOP")
  },
  thaw: (member) => {
    const freeze = member.freezes.at(-1)
    if (freeze !== undefined) freeze.untilMillis = CrashLedger.nowMillis()
    if (member.state === "frozen") member.state = "ready"
    signal(member, "SIGCONT")
  },
  stop: (member) => stop(member),
  disband: disband(state)
})

const signal = ({ child }: Member, name: NodeJS.Signals): void => void child.kill(name)

const stop = (member: Member) =>
  Effect.suspend(() => {
    member.meant = "SIGTERM"
    member.state = "stopping"
    signal(member, "SIGTERM")
    return Effect.timeoutOption(Deferred.await(member.ended), "15 seconds")
  }).pipe(Effect.andThen(Effect.suspend(() => {
    signal(member, "SIGKILL")
    return Deferred.await(member.ended)
  })))

const disband = (state: State) =>
  Effect.suspend(() => {
    state.isDisbanded = true
    const living = state.members.filter(({ state }) => state !== "ended")
    for (const member of living) if (member.state === "frozen") signal(member, "SIGCONT")
    return Effect.forEach(living, stop, { concurrency: "unbounded", discard: true })
  })

const fill = (
  state: State,
  order: Omit<ProcessOrder.ProcessOrder, "ledger">,
  restarts: boolean,
  number: number
): Member => {
  const member = launch(state, order, number)
  state.members.push(member)
  member.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    if (member.state !== "starting" || !text.includes("ready")) return
    member.state = "ready"
    member.readyMillis = CrashLedger.nowMillis()
  })
  member.child.once("exit", (code, signal) => {
    member.state = "ended"
    member.endedMillis = CrashLedger.nowMillis()
    member.exit = { code, signal }
    member.fate = fateOf(member)
    Deferred.doneUnsafe(member.ended, Effect.void)
    // A little later: a process that can not live must not be started in a loop.
    if (restarts && !state.isDisbanded) {
      setTimeout(
        () => state.isDisbanded || fill(state, order, restarts, number + 1),
        member.fate === "failed" ? 500 : 20
      )
    }
  })
  return member
}

const fateOf = ({ exit, meant }: Member): Fate => {
  if (exit?.signal === "SIGKILL" && meant === "SIGKILL") return "killed"
  if (exit?.signal === "SIGABRT") return "aborted"
  return meant === "SIGTERM" ? "stopped" : "failed"
}

const launch = (
  { options }: State,
  order: Omit<ProcessOrder.ProcessOrder, "ledger">,
  number: number
): Member => {
  const name = `${order.name}.${number}`
  const ledger = join(options.folder, `${name}.ledger`)
  const log = openSync(join(options.folder, `${order.name}.log`), "a")
  const child = spawn(process.execPath, [...options.nodeArguments?.(order.name) ?? [], options.module], {
    cwd: options.folder,
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: join(options.folder, "compiled"),
      ...options.environment,
      ...ProcessOrder.toEnvironment({ ...order, ledger })
    },
    // The pipe to its standard input ends with this process, and then so does the child.
    stdio: ["pipe", "pipe", log]
  })
  closeSync(log)
  child.stdin?.on("error", () => undefined)
  return {
    name,
    place: order.name,
    pid: child.pid ?? 0,
    ledger,
    startedMillis: CrashLedger.nowMillis(),
    readyMillis: null,
    child,
    ended: Deferred.makeUnsafe<void>(),
    state: "starting",
    freezes: [],
    meant: null,
    fate: null,
    endedMillis: null,
    exit: null
  }
}
