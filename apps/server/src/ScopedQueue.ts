/**
 * The queue as a caller sees it: the jobs of his tenant in his queues, and no others. What he may not see is not there.
 *
 * All handlers work on this one, so that none of them can forget it. Parts of the server that act on their own have the
 * whole queue. What only shows is read from the `ReadingQueue`, which may be a replica; what is looked at before a change is not.
 *
 * @since 0.1.0
 */
import { JobRegistry, Queue, QueueError } from "@millrace/queue"
import type { EnqueueOptions } from "@millrace/queue"
import { Bounds } from "@millrace/storage"
import type { JobId, JobQuery, JobRecord, StorageError } from "@millrace/storage"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Principal from "./Principal.ts"

type Service = Queue.Queue["Service"]

/**
 * The queue that lists, totals and histories are read from: the whole queue where there is no replica.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export const ReadingQueue = Context.Reference<Service | null>("@millrace/server/ReadingQueue", {
  defaultValue: () => null
})

/**
 * The queue of the current caller, on the whole queue.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Queue.Queue, never, Queue.Queue> = Layer.effect(
  Queue.Queue,
  Effect.gen(function*() {
    const whole = yield* Queue.Queue
    const registry = yield* JobRegistry.JobRegistry
    // Named one by one: a method that is added must be thought about here.
    const shown = (yield* ReadingQueue) ?? whole
    return Queue.Queue.of({
      ...enqueuing(whole, registry),
      ...reading(whole, shown),
      ...steering(whole),
      ...admitting(whole, shown)
    })
  })
)

const isUnrestricted = ({ queues, tenant }: Principal.Principal): boolean => queues === null && tenant === null

/** Runs one thing for callers without restrictions, another for the others. */
const unless = <A, E>(
  whole: Effect.Effect<A, E>,
  narrowed: (principal: Principal.Principal) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.flatMap(Principal.CurrentPrincipal, (principal) => isUnrestricted(principal) ? whole : narrowed(principal))

const enqueuing = (whole: Service, registry: JobRegistry.Registered): Pick<
  Service,
  "enqueueEncoded" | "enqueueAllEncoded" | "insert" | "produce"
> => {
  const admit = (request: EnqueueOptions.EncodedRequest) =>
    Effect.flatMap(
      Principal.CurrentPrincipal,
      (principal) => Effect.tap(admitted(registry, principal, request), knownParents(whole, principal))
    )
  return {
    // Jobs that are validated elsewhere: no handler has any.
    insert: (jobs) => unless(whole.insert(jobs), passed("insert")),
    produce: (orders) => unless(whole.produce(orders), passed("produce")),
    enqueueEncoded: (request) => Effect.flatMap(admit(request), whole.enqueueEncoded),
    enqueueAllEncoded: (requests) => Effect.flatMap(Effect.forEach(requests, admit), whole.enqueueAllEncoded)
  }
}

/** The authorization keeps restricted callers from all endpoints that need this. */
const passed = (method: string) => (): Effect.Effect<never> =>
  Effect.die(new Error(`the authorization let a restricted caller pass to ${method}`))

/** A restricted caller waits for his own jobs only: those of others are not there. */
const knownParents =
  (whole: Service, principal: Principal.Principal) =>
  ({ parents = [] }: EnqueueOptions.EncodedRequest): Effect.Effect<
    void,
    QueueError.InvalidOption | StorageError.StorageError
  > => {
    if (isUnrestricted(principal) || parents.length === 0) return Effect.void
    return Effect.flatMap(whole.list({ ids: parents, limit: parents.length }), ({ items }) => {
      const own = new Set(items.filter((job) => Principal.seesJob(principal, job)).map(({ id }) => id))
      const unknown = parents.find((id) => !own.has(id))
      return unknown === undefined ? Effect.void : refuse("parents", Bounds.unknownParent(unknown).detail)
    })
  }

/** The request with the caller's tenant, or why it is none of his. */
const admitted = (
  registry: JobRegistry.Registered,
  principal: Principal.Principal,
  request: EnqueueOptions.EncodedRequest
): Effect.Effect<EnqueueOptions.EncodedRequest, QueueError.InvalidOption> => {
  const tenant = request.tenant ?? principal.tenant ?? ""
  if (principal.tenant !== null && tenant !== principal.tenant) {
    return refuse("tenant", `the API key may create jobs of the tenant ${principal.tenant} only`)
  }
  const queue = request.queue ?? registry.definitions.get(request.name)?.options.queue ?? "default"
  if (!Principal.seesQueue(principal, queue)) return refuse("queue", `the API key may not create jobs in ${queue}`)
  const foreign = reachesOut(principal, request)
  if (foreign !== null) return refuse(foreign.field, foreign.detail)
  return Effect.succeed(tenant === "" ? request : { ...request, tenant })
}

/**
 * The option by which a restricted caller would touch jobs of others: a limit that they share, or a key that holds among
 * them. A debounce changes the job that has the key.
 */
const reachesOut = (
  principal: Principal.Principal,
  { debounce, limits, throttle, unique }: EnqueueOptions.EncodedRequest
): { readonly field: string; readonly detail: string } | null => {
  if (isUnrestricted(principal)) return null
  if (limits !== undefined && limits.length > 0) {
    return {
      field: "limits",
      detail: "the API key is for some queues or one tenant, and limits are shared with others"
    }
  }
  const [way, { scope = "tenant" }] = debounce !== undefined
    ? ["debounce", debounce] as const
    : throttle !== undefined
    ? ["throttle", throttle] as const
    : ["unique", typeof unique === "object" ? unique : {}] as const
  const field = `${way}.scope`
  if (principal.tenant !== null && scope !== "tenant") {
    return { field, detail: `the API key is for the tenant ${principal.tenant} only: expected tenant` }
  }
  return principal.queues !== null && (scope === "global" || debounce !== undefined && scope !== "queue")
    ? { field, detail: "the API key is for some queues only: expected queue" }
    : null
}

const refuse = (field: string, detail: string) => Effect.fail(new QueueError.InvalidOption({ field, detail }))

const reading = (
  whole: Service,
  shown: Service
): Pick<Service, "get" | "list" | "overview" | "awaitFinished" | "history" | "explain" | "logs"> => {
  const get = (id: JobId.JobId) => Effect.flatMap(whole.get(id), visible)
  return {
    get,
    explain: (id) => unless(whole.explain(id), () => Effect.andThen(get(id), whole.explain(id))),
    logs: (id) => unless(shown.logs(id), () => Effect.andThen(get(id), shown.logs(id))),
    history: (id) => unless(shown.history(id), () => Effect.andThen(get(id), shown.history(id))),
    awaitFinished: (id) => unless(whole.awaitFinished(id), () => Effect.andThen(get(id), whole.awaitFinished(id))),
    list: (query) =>
      unless(
        shown.list(query),
        (principal) =>
          Effect.flatMap(narrow(shown, principal, query), (narrowed) =>
            narrowed === null ? Effect.succeed({ items: [], next: null }) : shown.list(narrowed))
      ),
    overview: unless(shown.overview, (principal) =>
      Effect.map(shown.overview, ({ queues, ...others }) => ({
        ...others,
        queues: principal.tenant === null ? queues.filter(({ queue }) => Principal.seesQueue(principal, queue)) : []
      })))
  }
}

const visible = (job: JobRecord.JobRecord): Effect.Effect<JobRecord.JobRecord, QueueError.JobNotFound> =>
  Effect.flatMap(
    Principal.CurrentPrincipal,
    (principal) =>
      Principal.seesJob(principal, job) ? Effect.succeed(job) : Effect.fail(new QueueError.JobNotFound({ id: job.id }))
  )

/** The query within what the caller sees; null: it asks for nothing that he sees. */
const narrow = Effect.fnUntraced(function*(
  whole: Service,
  principal: Principal.Principal,
  query: JobQuery.JobQuery
) {
  const { queues: patterns, tenant } = principal
  if (tenant !== null && query.tenants !== undefined && !query.tenants.includes(tenant)) return null
  const tenants = tenant === null ? {} : { tenants: [tenant] }
  if (patterns === null) return { ...query, ...tenants }
  const asked = query.queues ?? (yield* whole.overview).queues.map(({ queue }) => queue)
  const queues = asked.filter((queue) => Principal.seesQueue(principal, queue))
  return queues.length === 0 ? null : { ...query, ...tenants, queues }
})

const steering = (whole: Service): Pick<
  Service,
  "cancel" | "retry" | "promote" | "change" | "remove" | "transition" | "pause" | "resume"
> => {
  const first = (id: JobId.JobId) => Effect.flatMap(whole.get(id), visible)
  const paused = (target: Parameters<Service["pause"]>[0], act: ReturnType<Service["pause"]>) =>
    unless(act, (principal) => isOwn(principal, target) ? act : passed("pause")())
  return {
    cancel: (id, reason) => unless(whole.cancel(id, reason), () => Effect.andThen(first(id), whole.cancel(id, reason))),
    retry: (id) => unless(whole.retry(id), () => Effect.andThen(first(id), whole.retry(id))),
    promote: (id) => unless(whole.promote(id), () => Effect.andThen(first(id), whole.promote(id))),
    change: (id, to) => unless(whole.change(id, to), () => Effect.andThen(first(id), whole.change(id, to))),
    remove: (id) => unless(whole.remove(id), () => Effect.andThen(first(id), whole.remove(id))),
    transition: (ids, action) =>
      unless(
        whole.transition(ids, action),
        (principal) =>
          Effect.flatMap(whole.list({ ids, limit: Math.max(1, ids.length) }), ({ items }) =>
            whole.transition(
              items.filter((job) => Principal.seesJob(principal, job)).map(({ id }) => id),
              action
            ))
      ),
    pause: (target, options) => paused(target, whole.pause(target, options)),
    resume: (target) => paused(target, whole.resume(target))
  }
}

const isOwn = (principal: Principal.Principal, target: Parameters<Service["pause"]>[0]): boolean => {
  if (typeof target === "string") return Principal.seesQueue(principal, target)
  return "queue" in target && Principal.seesQueue(principal, target.queue)
}

const admitting = ({ admission }: Service, shown: Service): Pick<Service, "admission"> => ({
  admission: {
    limits: unless(admission.limits, passed("limits")),
    tenants: (query) => unless(shown.admission.tenants(query), passed("tenants")),
    declare: (limits) => unless(admission.declare(limits), passed("declare")),
    override: (limit, override) => unless(admission.override(limit, override), passed("override")),
    clearOverride: (limit, key) => unless(admission.clearOverride(limit, key), passed("clearOverride")),
    setWeight: (tenant, weight, options) => unless(admission.setWeight(tenant, weight, options), passed("setWeight"))
  }
})
