/**
 * Whether a claim took what it was allowed to take: the law of claiming, apart from any algorithm.
 *
 * Pure. Drivers are free in the order of tenants; everything else is judged here.
 */
import type { Claim, JobId, MemoryStorage } from "@millrace/storage"

/** A job that could be claimed. Jobs of one `cohort` became available together, in no certain order. */
export interface Offered extends MemoryStorage.Candidate {
  readonly cohort: string
}

/** Finds what is wrong with the jobs that a claim took, in the order of its answer; null when nothing is. */
export const judge = (
  options: Claim.ClaimOptions,
  offered: ReadonlyArray<Offered>,
  taken: ReadonlyArray<JobId.JobId>
): string | null => {
  const byId = new Map(offered.map((job) => [job.id, job]))
  const jobs = taken.flatMap((id) => byId.get(id) ?? [])
  if (jobs.length < taken.length) return "lent a job that was not to be had"
  if (new Set(taken).size < taken.length) return "lent a job twice"
  if (taken.length > options.limit) return "lent more jobs than asked for"
  if (options.suspects === true) return judgeSuspect(offered, jobs)
  return judgeLines(offered, jobs) ?? judgeOrder(offered, jobs) ?? judgeLevels(options, offered, jobs)
}

/**
 * Finds what is wrong with a claim after which these jobs could still be claimed, limits included; null when nothing is.
 * A full claim may leave jobs, but none of a smaller priority than it took.
 */
export const judgeRest = (
  options: Claim.ClaimOptions,
  offered: ReadonlyArray<Offered>,
  taken: ReadonlyArray<JobId.JobId>,
  left: ReadonlyArray<Offered>
): string | null => {
  if (options.suspects === true || left.length === 0) return null
  if (taken.length < options.limit) return "left room though jobs wait whose limits have room"
  const ids = new Set(taken)
  const largest = Math.max(...offered.filter((job) => ids.has(job.id)).map((job) => job.priority))
  return left.some((job) => job.priority < largest) ? "passed a job of a smaller priority" : null
}

const judgeSuspect = (offered: ReadonlyArray<Offered>, jobs: ReadonlyArray<Offered>): string | null => {
  if (jobs.length !== Math.min(1, offered.length)) return `lent ${jobs.length} suspects of ${offered.length}`
  return jobs[0]?.cohort === offered[0]?.cohort ? null : "lent a suspect before an older one"
}

/** Within a priority, a tenant and the same limits, the oldest come first. */
const judgeLines = (offered: ReadonlyArray<Offered>, jobs: ReadonlyArray<Offered>): string | null => {
  const taken = new Set(jobs.map((job) => job.id))
  for (const line of groupBy(offered, lineOf)) {
    let isCut = false
    for (const cohort of groupBy(line, (job) => job.cohort)) {
      const count = cohort.filter((job) => taken.has(job.id)).length
      if (isCut && count > 0) return `passed an older job of tenant "${line[0]?.tenant}"`
      isCut ||= count < cohort.length
    }
  }
  return null
}

/** The answer has the jobs in the order in which they should start. */
const judgeOrder = (offered: ReadonlyArray<Offered>, jobs: ReadonlyArray<Offered>): string | null => {
  const rank = new Map(offered.map((job, index) => [`${lineOf(job)} ${job.cohort}`, index]))
  const rankOf = (job: Offered) => rank.get(`${lineOf(job)} ${job.cohort}`) ?? 0
  for (const [index, job] of jobs.entries()) {
    for (const earlier of jobs.slice(0, index)) {
      if (earlier.priority > job.priority) return "answered a larger priority before a smaller one"
      if (lineOf(earlier) === lineOf(job) && rankOf(earlier) > rankOf(job)) return "answered a newer job first"
    }
  }
  return null
}

/** Smaller priorities are emptied first, as far as fairness lets. */
const judgeLevels = (
  options: Claim.ClaimOptions,
  offered: ReadonlyArray<Offered>,
  jobs: ReadonlyArray<Offered>
): string | null => {
  const taken = new Set(jobs.map((job) => job.id))
  const levels = groupBy(offered, (job) => String(job.priority)).toSorted((a, b) => priorityOf(a) - priorityOf(b))
  let room = options.limit
  for (const level of levels) {
    const shares = groupBy(level, (job) => job.tenant).map((line) => ({
      work: line.length,
      got: line.filter((job) => taken.has(job.id)).length
    }))
    // Jobs under limits have turns of their own, and may get less than a share: they are judged by what is left.
    const fault = level.some((job) => job.gate !== null) ? null : judgeLevel(shares, room, options.perTenant)
    if (fault !== null) return `${fault} (priority ${priorityOf(level)})`
    room -= shares.reduce((sum, share) => sum + share.got, 0)
  }
  return null
}

interface Share {
  readonly work: number
  readonly got: number
}

const judgeLevel = (shares: ReadonlyArray<Share>, room: number, perTenant: number): string | null => {
  const got = shares.reduce((sum, share) => sum + share.got, 0)
  const work = shares.reduce((sum, share) => sum + share.work, 0)
  const served = shares.filter((share) => share.got > 0)
  const isUnserved = served.length < shares.length
  const turns = Math.min(shares.length, Math.ceil(room / perTenant))
  // Dividing a claim evenly among its turns, rounded up, may leave the last one nothing.
  const share = Math.max(perTenant, Math.ceil(room / turns))
  if (isUnserved && served.some(({ got }) => got > share)) return "gave a tenant more than its share"
  if (got === Math.min(room, work)) return null
  if (served.length < turns) return "left room though tenants wait"
  if (served.some((share) => share.got < Math.min(share.work, perTenant))) return "gave a tenant less than its share"
  return null
}

const lineOf = (job: Offered): string => `${job.priority} ${job.tenant} ${JSON.stringify(job.gate)}`

const priorityOf = (level: ReadonlyArray<Offered>): number => level[0]?.priority ?? 0

const groupBy = <A>(items: ReadonlyArray<A>, key: (item: A) => string): ReadonlyArray<ReadonlyArray<A>> => {
  const groups = new Map<string, Array<A>>()
  for (const item of items) {
    const group = groups.get(key(item)) ?? []
    group.push(item)
    groups.set(key(item), group)
  }
  return [...groups.values()]
}
