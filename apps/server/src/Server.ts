/**
 * The HTTP server: the contract's endpoints on a storage, and everything that holds for all of them.
 *
 * From outside to inside a request passes: the log, the headers, the error envelope, the limit of concurrent requests,
 * the check of its host and origin, the routes, the rules of the contract, its handler.
 *
 * @since 0.1.0
 */
import { Api } from "@millrace/api"
import { JobRegistry, Queue } from "@millrace/queue"
import { Scheduler } from "@millrace/scheduler"
import { SampleStorage, Storage } from "@millrace/storage"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as AccessLog from "./AccessLog.ts"
import * as Admission from "./Admission.ts"
import * as Authorization from "./Authorization.ts"
import * as BodyLimit from "./BodyLimit.ts"
import * as CountsCache from "./CountsCache.ts"
import * as Docs from "./Docs.ts"
import * as Drainer from "./Drainer.ts"
import * as EndpointRules from "./EndpointRules.ts"
import * as ErrorEnvelope from "./ErrorEnvelope.ts"
import { EventHub, layer as eventHub } from "./EventHub.ts"
import * as AdmissionHandlers from "./handlers/AdmissionHandlers.ts"
import * as AuditHandlers from "./handlers/AuditHandlers.ts"
import * as DrainHandlers from "./handlers/DrainHandlers.ts"
import * as EventsHandlers from "./handlers/EventsHandlers.ts"
import * as JobsHandlers from "./handlers/JobsHandlers.ts"
import * as KeysHandlers from "./handlers/KeysHandlers.ts"
import * as QueuesHandlers from "./handlers/QueuesHandlers.ts"
import * as SchedulesHandlers from "./handlers/SchedulesHandlers.ts"
import * as StatsHandlers from "./handlers/StatsHandlers.ts"
import * as SystemHandlers from "./handlers/SystemHandlers.ts"
import * as HostName from "./HostName.ts"
import * as Idempotent from "./Idempotent.ts"
import * as KeyRing from "./KeyRing.ts"
import * as KnownJobs from "./KnownJobs.ts"
import * as Listener from "./Listener.ts"
import * as Recorder from "./Recorder.ts"
import * as Redactor from "./Redactor.ts"
import * as Replica from "./Replica.ts"
import * as RouteTable from "./RouteTable.ts"
import * as ScopedQueue from "./ScopedQueue.ts"
import * as SecurityHeaders from "./SecurityHeaders.ts"
import type { ServerConfig } from "./ServerConfig.ts"
import * as ShownQueue from "./ShownQueue.ts"
import * as SiteGuard from "./SiteGuard.ts"
import * as StorageProbe from "./StorageProbe.ts"

/**
 * What a server is made from.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly config: ServerConfig
  readonly jobs: KnownJobs.Sources
  /** What `POST /api/v1/drain` runs. Defaults to nothing. */
  readonly handlers?: ReadonlyArray<Drainer.HandlersLayer>
}

/**
 * A server on a storage. It answers as long as the layer is open; `HttpServer` tells its address.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = ({ config, handlers = [], jobs }: Options) =>
  Layer.effectDiscard(serve(config)).pipe(
    Layer.provide([
      KnownJobs.layer(jobs),
      Redactor.layer(config.hideUnknownPayloads),
      StorageProbe.layer,
      eventHub,
      keyRing(config),
      Drainer.layer(handlers)
    ]),
    // A queue of its own: one shared with other parts of the program would not know these definitions.
    Layer.provide([Layer.provide(Layer.fresh(Queue.layer), Recorder.layer), Layer.fresh(Scheduler.layer())]),
    Layer.provide(JobRegistry.layer([...jobs.builtIn, ...jobs.module])),
    Layer.provideMerge(Listener.layer(config))
  )

/** The body gets two thirds of the time of a request: the rest is for the work. */
const bodyShare = 2 / 3

const routes = (config: ServerConfig) =>
  Layer.mergeAll(
    HttpApiBuilder.layer(Api.Api, { openapiPath: Docs.openapiPath }).pipe(
      Layer.provide([
        JobsHandlers.layer,
        QueuesHandlers.layer,
        AdmissionHandlers.layer,
        SchedulesHandlers.layer,
        EventsHandlers.layer,
        DrainHandlers.layer(config.drainSecret),
        KeysHandlers.layer,
        AuditHandlers.layer,
        StatsHandlers.layer,
        SystemHandlers.layer
      ]),
      // Handlers see what their caller may see, and of that what may be shown.
      Layer.provide(Layer.fresh(ShownQueue.layer)),
      Layer.provide(Layer.fresh(ScopedQueue.layer)),
      Layer.provide(reads),
      Layer.provide([
        Authorization.layer(limitsOf(config)),
        BodyLimit.layer(Duration.times(config.requestTimeout, bodyShare)),
        EndpointRules.layer(config.requestTimeout),
        Idempotent.layer(config.keepAnswers)
      ])
    ),
    Docs.layer
  )

/** Where what only shows is read from: counts from a cache, and all of it from a replica, if there are any. */
const reads: Layer.Layer<
  SampleStorage.SampleStorage,
  never,
  SampleStorage.SampleStorage | Storage.Storage
> = Layer.effectContext(Effect.gen(function*() {
  const samples = yield* SampleStorage.SampleStorage
  const replica = yield* Replica.Replica
  const counts = yield* CountsCache.CountsCache
  if (replica === null && counts === null) return Context.make(SampleStorage.SampleStorage, samples)
  const primary = { storage: yield* Storage.Storage, samples }
  const routed = replica === null ? primary : yield* Replica.route(primary, replica)
  const storage = counts === null ? routed.storage : yield* CountsCache.route(routed.storage, counts)
  const queue = yield* Layer.build(Layer.provide(Layer.fresh(Queue.layer), Layer.succeed(Storage.Storage, storage)))
  return Context.make(SampleStorage.SampleStorage, routed.samples).pipe(
    Context.add(ScopedQueue.ReadingQueue, Context.get(queue, Queue.Queue))
  )
}))

const keyRing = ({ adminKey, authentication, host }: ServerConfig) =>
  KeyRing.layer({ adminKey, mayBeOpen: authentication === "auto" && HostName.isLoopback(host) })

const limitsOf = ({ failuresPerMinute, requestBurst, requestsPerSecond }: ServerConfig): Authorization.Limits => ({
  requests: { perSecond: requestsPerSecond, burst: requestBurst },
  failures: { perSecond: failuresPerMinute / 60, burst: failuresPerMinute }
})

const serve = Effect.fnUntraced(function*(config: ServerConfig) {
  const server = yield* HttpServer.HttpServer
  const router = yield* HttpRouter.toHttpEffect(routes(config)).pipe(
    Effect.provideService(HttpRouter.RouterConfig, { maxParamLength: RouteTable.parameterLimit })
  )
  const hub = yield* EventHub
  const table = RouteTable.make(Docs.routes)
  const admit = Admission.make(config.maxRequests)
  yield* server.serve(
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      const refusal = SiteGuard.refuse(request, config.allowedHosts)
      const answer = refusal === null
        ? enveloped(admit(routed(router, table, request)))
        : Effect.succeed(ErrorEnvelope.toResponse(refusal))
      return answer.pipe(
        Effect.map((response) => SecurityHeaders.apply(ErrorEnvelope.withRetryAfter(response))),
        (answer) =>
          AccessLog.logged(answer, { method: request.method, route: table.pattern(request.method, request.url) })
      )
    })
  )
  yield* sayWhoMayCall(config)
  // Runs before the server waits for its requests: those that follow events would never end.
  yield* Effect.addFinalizer(() => hub.close)
})

/** Says how the door stands. Whether there are keys is not known while the database is away. */
const sayWhoMayCall = Effect.fnUntraced(function*({ host }: ServerConfig) {
  const ring = yield* KeyRing.KeyRing
  const isOpen = yield* Effect.option(ring.isOpen)
  if (Option.isNone(isOpen)) return
  return yield* isOpen.value
    ? Effect.logWarning(
      `There are no API keys: whoever reaches ${host} on this machine may do everything. POST /api/v1/keys makes the first`
    )
    : Effect.logInfo("Every request needs an API key")
})

const enveloped = <E, R>(answer: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
  Effect.catchCause(answer, (cause) => Effect.map(ErrorEnvelope.fromCause(cause), ErrorEnvelope.toResponse))

const routed = <E, R>(
  router: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>,
  table: RouteTable.RouteTable,
  request: HttpServerRequest.HttpServerRequest
) => Effect.catchIf(router, isUnmatched, () => Effect.succeed(RouteTable.answerUnmatched(table, request)))

const isUnmatched = (error: unknown): error is HttpServerError.HttpServerError =>
  HttpServerError.isHttpServerError(error) && error.reason._tag === "RouteNotFound"
