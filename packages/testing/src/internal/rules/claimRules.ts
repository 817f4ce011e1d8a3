/**
 * What a claim may answer.
 */
import type { Claim, ClaimOptions } from "@millrace/storage/Claim"
import type { Scene } from "../bystander.ts"
import type { JobFact } from "../facts.ts"
import * as Facts from "../facts.ts"
import * as Port from "../port.ts"

/** Notes claims: only to a live worker, only what is available to it, in the promised order, each with a fresh token. */
export const claim = (
  scene: Scene,
  options: ClaimOptions,
  claims: ReadonlyArray<Claim>,
  nowMillis: number
): void => {
  const { facts, journal } = scene
  const candidates = candidatesOf(facts, options)
  const worker = facts.workers.get(options.workerId)
  const isEntitled = worker !== undefined && worker.expiresMillis > nowMillis && !facts.paused.has(options.queue)
  if (!isEntitled && claims.length > 0) {
    const why = facts.paused.has(options.queue) ? `queue ${options.queue} is paused` : "its lease has ended"
    journal.breach("port", `${options.workerId} is lent jobs although ${why}`)
  }
  for (const each of claims) lend(scene, options, each)
  if (isEntitled) checkNumber(scene, options, candidates, claims)
  if (options.suspects !== true) checkOrder(scene, options, candidates, claims)
}

/** Never more than asked for, and fewer only when nothing is left that may start. */
const checkNumber = (
  { facts, journal }: Scene,
  options: ClaimOptions,
  candidates: ReadonlyArray<JobFact>,
  claims: ReadonlyArray<Claim>
): void => {
  const limit = options.suspects === true ? 1 : options.limit
  const say = (detail: string) =>
    journal.breach("port", `${options.workerId} is lent ${claims.length} jobs of ${options.queue}, ${detail}`)
  if (claims.length > limit) return say(`but asked for ${limit}`)
  if (claims.length === limit) return
  const taken = new Set(claims.map(({ id }) => id))
  const limited = candidates.filter(({ id, input }) => taken.has(id) && Port.isLimited(input)).length
  const hasSlot = limited < (options.slots ?? limit)
  const left = candidates.find((job) =>
    !taken.has(job.id) && (!Port.isLimited(job.input) || (hasSlot && Facts.hasRoom(facts, job)))
  )
  if (left !== undefined) say(`but job ${left.id} is left`)
}

const candidatesOf = (facts: Facts.Facts, options: ClaimOptions): ReadonlyArray<JobFact> =>
  [...facts.jobs.values()].filter((job) =>
    job.state === "available" && job.input.queue === options.queue && job.isSuspect === (options.suspects === true)
    && Port.isHandled(options, job.input)
  )

const lend = (scene: Scene, options: ClaimOptions, claim: Claim): void => {
  const { facts, journal } = scene
  const job = facts.jobs.get(claim.id)
  if (job === undefined) return journal.breach("port", `job ${claim.id} is lent, but nobody inserted it`)
  const wrong = faultOf(job, options, claim)
  if (wrong !== null) journal.breach(wrong[0], `job ${claim.id} is lent to ${options.workerId}, but ${wrong[1]}`)
  else if (!Facts.hasRoom(facts, job)) journal.breach("I11", `job ${claim.id} is lent beyond its limit`)
  job.state = "running"
  job.token = Math.max(job.token, claim.token)
  job.claim = {
    workerId: options.workerId,
    leaseId: claim.leaseId,
    token: claim.token,
    isAlone: options.suspects === true,
    hasStarted: options.suspects !== true && !isAhead(job, options)
  }
}

/** Jobs under limits are never lent ahead of free slots. */
const isAhead = ({ input }: JobFact, { limit, slots }: ClaimOptions): boolean =>
  input.limits.length === 0 && slots !== undefined && limit > slots

const faultOf = (job: JobFact, options: ClaimOptions, claim: Claim): readonly [string, string] | null => {
  if (job.state === "running") return ["I6", `${job.claim?.workerId ?? "somebody"} holds it`]
  if (job.state !== "available") return ["port", `it is ${job.state}`]
  if (claim.token !== job.token + 1) return ["I3", `its token is ${claim.token} after ${job.token}`]
  if (job.isSuspect !== (options.suspects === true)) return ["alone", job.isSuspect ? "it is suspect" : "it is none"]
  if (job.input.queue !== options.queue || !Port.isHandled(options, job.input)) return ["port", "was not asked for"]
  if (claim.failures !== job.failures || claim.crashes !== job.crashes) {
    return ["I14", `it is said to have ${claim.failures} failures and ${claim.crashes} crashes`]
  }
  if (claim.attempt !== job.failures + job.crashes + 1) return ["I14", `its attempt is said to be ${claim.attempt}`]
  if (claim.maxAttempts !== job.input.maxAttempts) return ["I4", `it may try ${job.input.maxAttempts} times`]
  if (Facts.numberOf(claim.payload) !== job.number) return ["I1", "its payload is another one"]
  return null
}

/** Priorities first, every tenant's jobs in their order, and no tenant served again before others had a turn. */
const checkOrder = (
  scene: Scene,
  options: ClaimOptions,
  candidates: ReadonlyArray<JobFact>,
  claims: ReadonlyArray<Claim>
): void => {
  const { breach } = scene.journal
  const taken = new Set(claims.map(({ id }) => id))
  const all = candidates.filter(({ id }) => taken.has(id))
  const others = candidates.filter(({ id }) => !taken.has(id))
  // Jobs under limits take turns of their own; how many get one depends on the room that is left.
  const got = all.filter(({ input }) => !Port.isLimited(input))
  const left = others.filter(({ input }) => !Port.isLimited(input))
  for (const job of all) {
    const earlier = others.find((other) => isSameLine(job, other) && other.position < job.position)
    if (earlier !== undefined) breach("I9", `job ${job.id} overtakes job ${earlier.id} of the same tenant`)
  }
  const overtaken = left.find((other) => got.some((job) => other.input.priority < job.input.priority))
  countTurn(scene, options, overtaken)
  if (overtaken === undefined) { for (const other of left) checkTurns(breach, other, got, options.perTenant) }
}

/** One claim in so many may begin at a larger priority, so that none waits for ever. */
const countTurn = (
  { facts, journal }: Scene,
  { agingEvery = 0, queue, workerId }: ClaimOptions,
  overtaken: JobFact | undefined
): void => {
  const key = `${workerId} ${queue}`
  const turn = facts.turns.get(key) ?? { claims: 0, overtakings: 0 }
  facts.turns.set(key, turn)
  turn.claims += 1
  if (overtaken === undefined) return
  turn.overtakings += 1
  const allowed = agingEvery === 0 ? 0 : Math.ceil(turn.claims / agingEvery)
  if (turn.overtakings > allowed) {
    journal.breach("order", `job ${overtaken.id} is overtaken by others of lower priority`)
  }
}

/** One line: the same priority and tenant, under the same limits. */
const isSameLine = (a: JobFact, b: JobFact): boolean =>
  a.input.tenant === b.input.tenant && a.input.priority === b.input.priority
  && JSON.stringify(Port.limitsOf(a.input)) === JSON.stringify(Port.limitsOf(b.input))

const checkTurns = (
  breach: (invariant: string, detail: string) => void,
  waiting: JobFact,
  got: ReadonlyArray<JobFact>,
  perTenant: number
): void => {
  const counts = new Map<string, number>()
  for (const { input: { priority, tenant } } of got) {
    if (priority === waiting.input.priority) counts.set(tenant, (counts.get(tenant) ?? 0) + 1)
  }
  const turns = Math.floor((counts.get(waiting.input.tenant) ?? 0) / perTenant)
  for (const [tenant, count] of counts) {
    if (turns >= Math.ceil(count / perTenant) - 1 || tenant === waiting.input.tenant) continue
    breach("order", `tenant "${tenant}" gets ${count} jobs while job ${waiting.id} of "${waiting.input.tenant}" waits`)
  }
}
