/**
 * What the actors of one worker share: the storage, the settings, the table of claims, its sessions and handlers.
 */
import type { Handle } from "@millrace/storage/Claim"
import type { HeartService } from "@millrace/storage/Heart"
import { Heart } from "@millrace/storage/Heart"
import type { Storage } from "@millrace/storage/Storage"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as LogLevel from "effect/LogLevel"
import * as Random from "effect/Random"
import * as References from "effect/References"
import type { Handler } from "../Handlers.ts"
import type { Codec } from "../PayloadCodec.ts"
import { PayloadCodec } from "../PayloadCodec.ts"
import type { Identity } from "../WorkerIdentity.ts"
import { WorkerIdentity } from "../WorkerIdentity.ts"
import * as ClaimTable from "./claimTable.ts"
import * as EncodedStorage from "./encodedStorage.ts"
import * as Lane from "./lane.ts"
import * as Monotonic from "./monotonic.ts"
import * as Reports from "./reportQueue.ts"
import * as Session from "./session.ts"
import type { Settings } from "./settings.ts"

/** The shared parts of a worker. */
export interface Workshop {
  readonly id: string
  readonly identity: Identity
  /** Encodes and decodes everything but the payloads of claims. */
  readonly storage: Storage["Service"]
  /** What payloads of claims are decoded with. */
  readonly codec: Codec | null
  readonly settings: Settings
  readonly clock: Clock.Clock
  /** The context of the worker: loggers and metrics for what happens outside of its actors' fibers. */
  readonly context: Context.Context<never>
  /** What renews leases beside the event loop. */
  readonly heart: HeartService | null
  readonly table: ClaimTable.ClaimTable
  readonly reports: Reports.ReportQueue
  readonly lanes: ReadonlyArray<Lane.Lane>
  readonly handlers: Map<string, Handler>
  readonly wakes: {
    readonly renewer: Latch.Latch
    readonly promoter: Latch.Latch
    readonly isolator: Latch.Latch
    readonly reclaimer: Latch.Latch
    readonly declarer: Latch.Latch
  }
  readonly logs: { readonly start: boolean; readonly complete: boolean; readonly claim: boolean }
  /** Something is to be told or asked with the next renewal, which is due now. */
  isRenewalAsked: boolean
  session: Session.Session
  /** Sessions that were replaced and still hold claims. */
  oldSessions: Array<Session.Session>
  sessionCount: number
  /** Nothing is claimed any more. */
  isStopping: boolean
  /** Ordinary jobs are not claimed, because a suspect runs alone. */
  isIsolating: boolean
  /** The storage said that suspects wait. */
  hasSuspects: boolean
  /** The storage gives hints at the moment. */
  isListening: boolean
  /** When the first lease of another worker ends, if it is not renewed, in monotonic milliseconds. */
  expiryMillis: number
  /** Drains that are under way, when their common grace ends, and when the last one was over: monotonic milliseconds. */
  drains: number
  graceEndMillis: number
  drainedMillis: number
}

/** Makes the shared parts of a worker, not registered yet. */
export const make = Effect.fnUntraced(
  function*(storage: Storage["Service"], settings: Settings): Effect.fn.Return<Workshop> {
    const clock = yield* Clock.Clock
    const context = yield* Effect.context<never>()
    const identity = yield* WorkerIdentity
    const heart = yield* Heart
    const codec = yield* PayloadCodec
    const id = `${identity.host}-${identity.pid}-${yield* randomText}`
    const minimum = yield* References.MinimumLogLevel
    const logsJobs = LogLevel.isGreaterThanOrEqualTo(settings.jobLogLevel, minimum)
    return {
      id,
      identity,
      storage: EncodedStorage.make(storage, codec),
      codec,
      settings,
      clock,
      context,
      heart,
      table: ClaimTable.make(),
      reports: Reports.make(),
      lanes: settings.queues.map((queue) => Lane.make(queue, Monotonic.millisOf(clock))),
      handlers: new Map(),
      wakes: {
        renewer: Latch.makeUnsafe(false),
        promoter: Latch.makeUnsafe(false),
        isolator: Latch.makeUnsafe(false),
        reclaimer: Latch.makeUnsafe(false),
        declarer: Latch.makeUnsafe(false)
      },
      logs: { start: logsJobs, complete: logsJobs, claim: LogLevel.isGreaterThanOrEqualTo("Debug", minimum) },
      session: Session.make(`${id}/1`),
      oldSessions: [],
      sessionCount: 1,
      isRenewalAsked: false,
      isStopping: false,
      isIsolating: false,
      hasSuspects: false,
      isListening: false,
      expiryMillis: Infinity,
      drains: 0,
      graceEndMillis: -Infinity,
      drainedMillis: -Infinity
    }
  }
)

/** 24 hexadecimal digits from the Random service: 96 bits, so that no two workers ever meet. */
const randomText: Effect.Effect<string> = Effect.map(
  Effect.all([Random.next, Random.next, Random.next]),
  (units) => units.map((unit) => Math.floor(unit * 0x1_0000_0000).toString(16).padStart(8, "0")).join("")
)

/** The next session: an id that was never used before. */
export const nextSession = (shop: Workshop): Session.Session => {
  shop.sessionCount += 1
  return Session.make(`${shop.id}/${shop.sessionCount}`)
}

/** All sessions that are not over. */
export const sessions = (shop: Workshop): ReadonlyArray<Session.Session> => [shop.session, ...shop.oldSessions]

/** The names that may be claimed. */
export const names = (shop: Workshop): ReadonlyArray<string> => [...shop.handlers.keys()]

/** The names that may be claimed, with the versions that their handlers take. */
export const handles = (shop: Workshop): ReadonlyArray<Handle> =>
  Array.from(shop.handlers.values(), ({ definition: { name, options: { version, versionMin } } }) => ({
    name,
    versionMin,
    versionMax: version
  }))

/** May ordinary jobs be claimed? */
export const mayClaim = (shop: Workshop): boolean =>
  !shop.isStopping && !shop.isIsolating && shop.handlers.size > 0 && Session.mayClaim(shop.session)

/** Wakes the claimers of all queues. */
export const wakeClaimers = (shop: Workshop): void => {
  for (const lane of shop.lanes) lane.claimWake.openUnsafe()
}

/** Lets the renewer ask the storage now, whatever the heart does. */
export const askForRenewal = (shop: Workshop): void => {
  shop.isRenewalAsked = true
  shop.wakes.renewer.openUnsafe()
}

/** The monotonic time of the worker, in milliseconds. */
export const nowMillis = (shop: Workshop): number => Monotonic.millisOf(shop.clock)
