/** Inserting jobs: one statement for the batch, and a second one only when unique keys were held already. */
import * as Bounds from "@millrace/storage/Bounds"
import * as JobId from "@millrace/storage/JobId"
import { gateOf } from "@millrace/storage/Limit"
import type { InsertResult, NewJob } from "@millrace/storage/NewJob"
import * as StorageError from "@millrace/storage/StorageError"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as PgError from "../PgError.ts"
import * as statements from "../statements/insert.ts"
import type { Notifier } from "./notifier.ts"
import * as Release from "./release.ts"
import type { Session } from "./session.ts"

/** How often the holder of a key may vanish between two looks before the insert gives up. */
const roundsMax = 5

/** The insert method of a session. */
export const make = (session: Session, notifier: Notifier) => {
  const insertAlike = makeAlike(session, notifier)
  const insertAny = makeAny(session, notifier)
  const holdersText = statements.keyHolders(session.schema)

  /** The holders of the keys of refused jobs; a key that nobody holds any more is missing. */
  const holdersOf = Effect.fnUntraced(function*(keys: ReadonlyArray<string>) {
    const rows = yield* session.rows("insert", holdersText, [keys])
    return new Map(rows.map((row) => [row["key"] as string, JobId.makeUnsafe(row["id"] as bigint)]))
  })

  /** Results of one round; jobs whose key was freed in between stay null. */
  const round = Effect.fnUntraced(function*(jobs: ReadonlyArray<NewJob>) {
    const [first] = jobs
    if (first !== undefined && jobs.every((job) => isAlike(job, first))) return yield* insertAlike(jobs, first)
    const results = yield* insertAny(jobs)
    const refused = jobs.flatMap((job, index) => results[index] === null && job.unique !== null ? [job.unique.key] : [])
    if (refused.length === 0) return results
    const holders = yield* holdersOf(refused)
    return results.map((result, index) => result ?? duplicateOf(holders, jobs[index]))
  })

  const insertAll = Effect.fnUntraced(function*(jobs: ReadonlyArray<NewJob>) {
    let results = yield* round(jobs)
    for (let rounds = 1; results.includes(null); rounds++) {
      if (rounds === roundsMax) return yield* contended()
      const again = yield* round(jobs.filter((_, index) => results[index] === null))
      let next = 0
      results = results.map((result) => result ?? again[next++] ?? null)
    }
    return results.filter((result) => result !== null)
  })

  const insertDebounced = makeDebounced(session, notifier)

  const unfinished = Release.makeUnfinished(session)

  return Effect.fnUntraced(function*(given: ReadonlyArray<NewJob>) {
    if (given.length === 0) return []
    const jobs = given.some(hasParents) ? yield* checkedParents(given, unfinished) : given
    if (jobs.every((job) => job.debounce === null)) return yield* insertAll(jobs)
    const parts = partsOf(jobs).map((part) => part[0]?.debounce === null ? insertAll(part) : insertDebounced(part))
    if (parts.length === 1 && parts[0] !== undefined) return yield* parts[0]
    return (yield* session.sql.withTransaction(Effect.all(parts)).pipe(PgError.mapErrors("insert"))).flat()
  })
}

/** The jobs with the parents that they have to wait for. Their bounds are looked at before anything is read. */
const checkedParents = (
  jobs: ReadonlyArray<NewJob>,
  unfinished: ReturnType<typeof Release.makeUnfinished>
): Effect.Effect<ReadonlyArray<NewJob>, StorageError.StorageError> =>
  Effect.andThen(check(jobs, false), unfinished(jobs))

/** The jobs in parts that one statement can store: debounced ones apart, each key once. */
const partsOf = (jobs: ReadonlyArray<NewJob>): ReadonlyArray<ReadonlyArray<NewJob>> => {
  const parts: Array<Array<NewJob>> = []
  const keys = new Set<string>()
  for (const job of jobs) {
    const part = parts.at(-1)
    const isAlike = part !== undefined && (part[0]?.debounce === null) === (job.debounce === null)
    if (isAlike && !keys.has(job.debounce?.key ?? "")) part.push(job)
    else {
      parts.push([job])
      keys.clear()
    }
    if (job.debounce !== null) keys.add(job.debounce.key)
  }
  return parts
}

/** Inserts debounced jobs, each key once. */
const makeDebounced = (session: Session, notifier: Notifier) => {
  const text = statements.insertDebounced(session.schema)
  return Effect.fnUntraced(function*(jobs: ReadonlyArray<NewJob>) {
    const json = encode(jobs)
    yield* check(jobs, Bounds.isStorable(json))
    const rows = yield* session.rows("insert", text, [yield* session.now, json])
    yield* session.sql.afterCommit(notifier.inserted(new Set(), true))
    return rows.toSorted((a, b) => (a["ord"] as number) - (b["ord"] as number)).map((row): InsertResult => ({
      _tag: row["is_new"] === true ? "Enqueued" : "Replaced",
      id: JobId.makeUnsafe(row["id"] as bigint)
    }))
  })
}

/** Inserts jobs that share all but payload, tenant and what is stored of their attempts; most share that too. */
const makeAlike = (session: Session, notifier: Notifier) => {
  const alikeText = statements.insertAlike(session.schema)
  const mixedText = statements.insertAlike(session.schema, true)
  return Effect.fnUntraced(function*(jobs: ReadonlyArray<NewJob>, first: NewJob) {
    const payloads = jobs.map((job) => JSON.stringify(job.payload))
    const tenants = jobs.map((job) => job.tenant)
    const isMixed = jobs.some((job) => job.retry !== first.retry)
    const retries = isMixed ? jobs.map(retryText) : [retryText(first)]
    const texts = [...payloads, ...tenants, ...retries.map(String), ...sharedText(first)]
    yield* check(jobs, texts.every(isStorableText))
    const retry = isMixed ? retries : retryText(first)
    const params = [yield* session.now, ...shared(first, retry), payloads, tenants]
    const results: Array<InsertResult | null> = jobs.map(() => null)
    for (const row of yield* session.rows("insert", isMixed ? mixedText : alikeText, params)) {
      results[(row["ord"] as number) - 1] = { _tag: "Enqueued", id: JobId.makeUnsafe(row["id"] as bigint) }
    }
    yield* session.sql.afterCommit(notifier.inserted(new Set([first.queue]), false))
    return results
  })
}

/** Inserts any jobs; those that their unique key refuses stay null. */
const makeAny = (session: Session, notifier: Notifier) => {
  const insertText = statements.insert(session.schema)
  const waitingText = statements.insertWaiting(session.schema)
  return Effect.fnUntraced(function*(jobs: ReadonlyArray<NewJob>) {
    const json = encode(jobs)
    yield* check(jobs, Bounds.isStorable(json))
    const text = jobs.some(hasParents) ? waitingText : insertText
    const rows = yield* session.rows("insert", text, [yield* session.now, json])
    const results: Array<InsertResult | null> = jobs.map(() => null)
    const queues = new Set<string>()
    let isScheduled = false
    for (const row of rows) {
      results[(row["ord"] as number) - 1] = { _tag: "Enqueued", id: JobId.makeUnsafe(row["id"] as bigint) }
      if (row["due"] === true && row["waits"] !== true) queues.add(row["queue"] as string)
      else isScheduled = true
    }
    yield* session.sql.afterCommit(notifier.inserted(queues, isScheduled))
    return results
  })
}

/** What a batch looks like to the statement. */
const encode = (jobs: ReadonlyArray<NewJob>): string =>
  JSON.stringify(jobs.map((job) => ({
    name: job.name,
    version: job.version,
    queue: job.queue,
    tenant: job.tenant,
    priority: job.priority,
    payload: job.payload,
    delay_ms: job.delayMillis,
    run_at: job.runAt === null ? undefined : DateTime.formatIso(job.runAt),
    max_attempts: job.maxAttempts,
    timeout_ms: job.timeoutMillis === null ? undefined : Math.ceil(job.timeoutMillis),
    retry: job.retry === null ? undefined : job.retry,
    taken_key: job.unique?.key,
    key_held: job.unique?.holds,
    key_ms: job.unique?.periodMillis ?? undefined,
    ttl_ms: job.ttlMillis ?? undefined,
    tags: job.tags.length === 0 ? undefined : job.tags,
    parents: hasParents(job) ? job.parents : undefined,
    ...limitsOf(job),
    ...debounceOf(job)
  })))

/** The limits of a job, flat; weights only where they are not all 1. */
const limitsOf = ({ limits }: NewJob) =>
  limits.length === 0 ? {} : {
    limits: limits.flatMap(({ key, name }) => [name, key]),
    gate_text: gateOf(limits),
    ...(limits.every(({ weight }) => weight === 1) ? {} : { weights: limits.map(({ weight }) => weight) })
  }

const debounceOf = ({ debounce }: NewJob) =>
  debounce === null ? {} : {
    debounce_key: debounce.key,
    delay_ms: Math.min(debounce.waitMillis, debounce.maxWaitMillis ?? debounce.waitMillis),
    max_wait_ms: debounce.maxWaitMillis ?? undefined,
    replaces: debounce.payload === "replace"
  }

/** Whether a job is due now, has no key, and shares with the first all that `insertAlike` takes once. */
const isAlike = (job: NewJob, first: NewJob): boolean =>
  job.delayMillis === 0 && job.runAt === null && isPlain(job) && job.name === first.name
  && job.queue === first.queue && job.version === first.version && job.priority === first.priority
  && job.maxAttempts === first.maxAttempts && job.timeoutMillis === first.timeoutMillis
  && (job.tags === first.tags || (job.tags.length === 0 && first.tags.length === 0))

/** Whether a job waits for others. */
const hasParents = ({ parents }: NewJob): boolean => parents !== undefined && parents.length > 0

/** Whether a job is admitted by its place in the line alone. */
const isPlain = (job: NewJob): boolean =>
  !hasParents(job) && job.unique === null && job.limits.length === 0 && job.debounce === null && job.ttlMillis === null

/** The parameters $2 to $9 of `insertAlike`. */
const shared = (job: NewJob, retry: unknown): ReadonlyArray<unknown> => [
  job.queue,
  job.name,
  job.version,
  job.priority,
  job.maxAttempts,
  job.timeoutMillis === null ? null : String(Math.ceil(job.timeoutMillis)),
  retry,
  job.tags.length === 0 ? null : job.tags
]

const retryText = ({ retry }: NewJob): string | null => retry === null ? null : JSON.stringify(retry)

const sharedText = (job: NewJob): ReadonlyArray<string> => [JSON.stringify([job.queue, job.name, ...job.tags])]

/** Texts as they are and texts of JSON alike: what the one check sees escaped, the other sees as it is. */
const isStorableText = (text: string): boolean =>
  text.isWellFormed() && !text.includes("\u0000") && Bounds.isStorable(text)

/** Looks closely only when the batch as a whole looked suspicious, so as to name the field. */
const check = (jobs: ReadonlyArray<NewJob>, isClean: boolean): Effect.Effect<void, StorageError.StorageError> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const reason = isClean ? Bounds.checkJobNumbers(jobs, now) : Bounds.checkJobs(jobs, now)
    return reason === null ? Effect.void : Effect.fail(new StorageError.StorageError({ reason }))
  })

const duplicateOf = (holders: ReadonlyMap<string, JobId.JobId>, job: NewJob | undefined): InsertResult | null => {
  const id = job === undefined || job.unique === null ? undefined : holders.get(job.unique.key)
  return id === undefined ? null : { _tag: "Duplicate", id }
}

const contended = () =>
  Effect.fail(
    new StorageError.StorageError({
      reason: new StorageError.Conflict({ operation: "insert", detail: "a unique key changed hands again and again" })
    })
  )
