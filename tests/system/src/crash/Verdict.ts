/**
 * The judgement over a storm: what the ledger says, compared with what the database says. Pure.
 *
 * A job is identified by its id, an execution by id and token. Every rule that is broken is a violation with the history
 * of its job.
 */
import type { Execution } from "./CrashLedger.ts"
import type { Member } from "./Fleet.ts"
import type { StaleTally } from "./StaleWrites.ts"
import type { Stored, StoredAttempt, StoredJob } from "./StoredJobs.ts"

/** The rules. */
export type Rule =
  | "lost"
  | "stuck"
  | "staleAccepted"
  | "unexplainedReExecution"
  | "repeatedAfterSettled"
  | "sameTokenTwice"
  | "overlap"
  | "phantom"
  | "effects"
  | "deadInnocent"
  | "poisonAlive"
  | "history"
  | "leftover"

/** A broken rule. */
export interface Violation {
  readonly rule: Rule
  readonly id: number | null
  readonly detail: string
}

/** What a fleet's process was and what became of it. */
export type Life = Pick<Member, "name" | "fate" | "freezes" | "endedMillis" | "startedMillis">

/** What a judgement needs. */
export interface Evidence {
  readonly acknowledged: ReadonlySet<number>
  readonly executions: ReadonlyArray<Execution>
  readonly lives: ReadonlyArray<Life>
  readonly stored: Stored
  readonly stale: StaleTally
  /** Workers that were alive when everything was read. */
  readonly livingWorkers: number
}

/** The figures of a storm. */
export interface Verdict {
  readonly acknowledged: number
  /** Acknowledged jobs that have ended. */
  readonly survived: number
  readonly lost: number
  readonly stuck: number
  readonly staleTried: number
  readonly staleAccepted: number
  readonly executions: number
  readonly reExecutions: number
  /** Jobs in flight at the kills and freezes, by the ledger: started, and no settlement of them was answered. */
  readonly reExecutionsBound: number
  /** Those of jobs whose handler had ended already when the worker died. */
  readonly reExecutionsOfFinished: number
  /** Those that no kill, abort or freeze explains: caused by something else, such as the database. */
  readonly reExecutionsUnexplained: number
  /** Jobs that are dead because each of their attempts was hit by a kill. */
  readonly deadByKills: number
  readonly poisonDead: number
  readonly unacknowledged: number
  readonly violations: ReadonlyArray<Violation>
}

interface Case {
  readonly id: number
  readonly job: StoredJob | undefined
  readonly executions: Array<Execution>
  readonly attempts: Array<StoredAttempt>
}

const ended = new Set(["completed", "cancelled", "dead"])

/** Judges. */
export const judge = (evidence: Evidence): Verdict => {
  const lives = new Map(evidence.lives.map((life) => [life.name, life]))
  const cases = toCases(evidence)
  const inFlight = evidence.executions.filter((execution) => isInFlight(execution, lives.get(execution.by)))
  const violations: Array<Violation> = []
  const tally = { reExecutions: 0, ofFinished: 0, unexplained: 0, deadByKills: 0, poisonDead: 0, survived: 0 }
  for (const found of cases.values()) {
    const isAcknowledged = evidence.acknowledged.has(found.id)
    violations.push(...findingsOf(found, isAcknowledged, lives))
    for (const repeated of repeatedOf(found)) {
      tally.reExecutions += 1
      if (hadEnded(repeated, lives.get(repeated.by))) tally.ofFinished += 1
      if (!isInFlight(repeated, lives.get(repeated.by))) tally.unexplained += 1
    }
    if (found.job?.state === "dead" && found.job.kind === "aborts") tally.poisonDead += 1
    if (found.job?.state === "dead" && found.job.kind !== "aborts") tally.deadByKills += 1
    if (isAcknowledged && found.job !== undefined && ended.has(found.job.state)) tally.survived += 1
  }
  violations.push(...effectFindings(evidence, cases), ...leftoverFindings(evidence), ...staleFindings(evidence))
  const countOf = (rule: Rule) => violations.filter((violation) => violation.rule === rule).length
  return {
    acknowledged: evidence.acknowledged.size,
    survived: tally.survived,
    lost: countOf("lost"),
    stuck: countOf("stuck"),
    staleTried: evidence.stale.tried,
    staleAccepted: countOf("staleAccepted"),
    executions: evidence.executions.length,
    reExecutions: tally.reExecutions,
    reExecutionsBound: inFlight.length,
    reExecutionsOfFinished: tally.ofFinished,
    reExecutionsUnexplained: tally.unexplained,
    deadByKills: tally.deadByKills,
    poisonDead: tally.poisonDead,
    unacknowledged: evidence.stored.jobs.filter(({ id }) => !evidence.acknowledged.has(id)).length,
    violations
  }
}

const toCases = ({ acknowledged, executions, stored }: Evidence): ReadonlyMap<number, Case> => {
  const cases = new Map<number, Case>()
  const jobs = new Map(stored.jobs.map((job) => [job.id, job]))
  const caseOf = (id: number): Case => {
    const known = cases.get(id)
    if (known !== undefined) return known
    const made: Case = { id, job: jobs.get(id), executions: [], attempts: [] }
    cases.set(id, made)
    return made
  }
  for (const id of acknowledged) caseOf(id)
  for (const id of jobs.keys()) caseOf(id)
  for (const execution of executions) caseOf(execution.id).executions.push(execution)
  for (const attempt of stored.attempts) caseOf(attempt.jobId).attempts.push(attempt)
  for (const { executions } of cases.values()) executions.sort((one, other) => one.token - other.token)
  return cases
}

/**
 * A freeze may fall between a worker's look at its lease and the first line of the handler, which then comes right after
 * the thaw: in milliseconds.
 */
const thawMillis = 250

/** Started by a process that was then killed, aborted or frozen, without an answer to its settlement before that. */
const isInFlight = (execution: Execution, life: Life | undefined): boolean => {
  if (life === undefined || execution.isSettled) return false
  if (life.fate === "killed" || life.fate === "aborted") return true
  return life.freezes.some(({ untilMillis }) =>
    untilMillis === null || execution.startedMillis <= untilMillis + thawMillis
  )
}

/** Its handler had ended before its worker was killed or frozen: only the settlement was missing. */
const hadEnded = ({ endedMillis, how }: Execution, life: Life | undefined): boolean =>
  endedMillis !== null && how !== "interrupted" && life !== undefined &&
  life.freezes.every(({ fromMillis }) => endedMillis <= fromMillis)

/** The executions that did not end their job and were followed by another one, without having failed by plan. */
const repeatedOf = ({ attempts, executions }: Case): ReadonlyArray<Execution> =>
  executions.slice(0, -1).filter(({ token }) => {
    const outcome = attempts.find((attempt) => attempt.token === token)?.outcome
    return outcome !== "failed" && outcome !== "snoozed"
  })

const historyOf = ({ attempts, executions, job }: Case): string =>
  JSON.stringify({ job: job ?? "not stored", attempts, executions })

const findingsOf = (
  found: Case,
  isAcknowledged: boolean,
  lives: ReadonlyMap<string, Life>
): ReadonlyArray<Violation> => {
  const violations: Array<Violation> = []
  const broken = (rule: Rule, what: string) => void violations.push({ rule, id: found.id, detail: what })
  const { job } = found
  if (job === undefined) {
    // An enqueue that was not acknowledged may have been undone; a job that ran must be there.
    if (isAcknowledged || found.executions.length > 0) broken("lost", "is not stored")
  } else if (!ended.has(job.state)) broken("stuck", `is ${job.state}`)
  else endFindings(found, job, lives, broken)
  executionFindings(found, lives, broken)
  return violations.map((violation) => ({ ...violation, detail: `${violation.detail}: ${historyOf(found)}` }))
}

type Broken = (rule: Rule, what: string) => void

const endFindings = (found: Case, job: StoredJob, lives: ReadonlyMap<string, Life>, broken: Broken): void => {
  const newest = found.executions.at(-1)
  if (newest !== undefined && newest.token > job.token) broken("staleAccepted", "ended under an older token")
  if (job.kind === "aborts") {
    if (job.state !== "dead" || job.tag !== "Crashed" || job.crashes > 3) broken("poisonAlive", "is poison")
    return
  }
  if (job.state === "completed") {
    if (job.resultToken !== job.token) broken("staleAccepted", "has the result of another token")
    // The commit of a transaction ends the job before the handler can write that it has ended.
    const isCut = job.kind === "transacts" && newest !== undefined && isInFlight(newest, lives.get(newest.by))
    if (newest?.token !== job.token || (newest.how !== "completed" && !isCut)) {
      broken("phantom", "was not run to its end")
    }
    return
  }
  const hits = found.executions.filter((execution) => isInFlight(execution, lives.get(execution.by))).length
  if (job.state !== "dead" || job.tag !== "Crashed" || hits < 3) broken("deadInnocent", `ended ${job.state}`)
}

const executionFindings = (
  { attempts, executions, job }: Case,
  lives: ReadonlyMap<string, Life>,
  broken: Broken
): void => {
  for (const [at, execution] of executions.entries()) {
    const next = executions[at + 1]
    if (next === undefined) continue
    const outcome = attempts.find(({ token }) => token === execution.token)?.outcome
    if (next.token === execution.token) broken("sameTokenTwice", `token ${next.token} was started twice`)
    if (outcome === "completed") broken("staleAccepted", `ran again after token ${execution.token} completed`)
    if (outcome === undefined) broken("history", `token ${execution.token} has no outcome`)
    const isPlanned = outcome === "failed" || outcome === "snoozed"
    if (isPlanned) continue
    if (execution.isSettled) broken("repeatedAfterSettled", `token ${execution.token} was settled`)
    const life = lives.get(execution.by)
    if (!isInFlight(execution, life)) broken("unexplainedReExecution", `token ${execution.token} was in no kill`)
    const isHit = life?.fate === "killed" || life?.fate === "aborted" || (life?.freezes.length ?? 0) > 0
    const isOver = execution.endedMillis !== null && execution.endedMillis <= next.startedMillis
    if (!isHit && !isOver) broken("overlap", `tokens ${execution.token} and ${next.token} ran at the same time`)
  }
  const tokens = attempts.map(({ token }) => token)
  if (new Set(tokens).size !== tokens.length) broken("history", "an attempt has two outcomes")
  if (job !== undefined && tokens.some((token) => token > job.token)) broken("history", "a token beyond the newest")
}

const effectFindings = ({ stored }: Evidence, cases: ReadonlyMap<number, Case>): ReadonlyArray<Violation> => {
  const counts = new Map<number, number>()
  for (const { jobId } of stored.effects) counts.set(jobId, (counts.get(jobId) ?? 0) + 1)
  return [...cases.values()].flatMap((found): ReadonlyArray<Violation> => {
    if (found.job?.kind !== "transacts") return []
    const expected = found.job.state === "completed" ? 1 : 0
    const count = counts.get(found.id) ?? 0
    if (count === expected) return []
    return [{ rule: "effects", id: found.id, detail: `${count} effects instead of ${expected}: ${historyOf(found)}` }]
  })
}

const leftoverFindings = ({ livingWorkers, stored: { leftovers } }: Evidence): ReadonlyArray<Violation> => {
  const expected = { leases: 0, workers: livingWorkers, uniqueKeys: 0, prepared: 0, waitingLocks: 0 }
  return Object.entries(expected).flatMap(([name, count]): ReadonlyArray<Violation> => {
    const found = leftovers[name as keyof typeof leftovers]
    return found === count ? [] : [{ rule: "leftover", id: null, detail: `${found} ${name} instead of ${count}` }]
  })
}

const staleFindings = ({ stale }: Evidence): ReadonlyArray<Violation> =>
  stale.accepted.map(({ id, token, write }): Violation => ({
    rule: "staleAccepted",
    id,
    detail: `${write} of token ${token} was accepted`
  }))
