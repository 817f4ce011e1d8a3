/**
 * Doing one command to both storages, and comparing their answers.
 *
 * The driver goes first; where the port leaves it a choice (whom a claim serves), the choice is judged
 * and the reference follows it.
 */
import type { Claim, JobId, NewJob, Outcome, StorageError } from "@millrace/storage"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Fixture from "../../Fixture.ts"
import type { Command, Damage, JobCommand } from "./command.ts"
import { names, queues } from "./command.ts"
import { difference, firstFinding } from "./compare.ts"
import { judge, judgeRest } from "./judge.ts"
import type { ClaimPair, World } from "./world.ts"
import { claimAt, jobAt, pair, renewWorkerId, toDriver, toReference, workerId } from "./world.ts"

type Finding = Effect.Effect<string | null, StorageError.StorageError>

type Of<Tag extends Command["_tag"]> = Extract<Command, { readonly _tag: Tag }>

/** Does a command; answers what differs, or null. */
export const step = (world: World, command: Command): Finding => {
  switch (command._tag) {
    case "Insert":
      return insert(world, command)
    case "Register":
    case "Renew":
    case "Leave":
      return sign(world, command)
    case "Claim":
      return claim(world, command)
    case "Settle":
      return settle(world, command)
    case "Report":
      return report(world, command)
    case "Promote":
      return promote(world, command)
    case "Reclaim":
      return reclaim(world)
    case "Transition":
      return transition(world, command)
    case "Control":
      return Effect.as(
        Effect.andThen(world.driver.control(command.command), world.reference.control(command.command)),
        null
      )
    case "Advance":
      return Effect.as(TestClock.adjust(command.millis), null)
    case "Prune":
      return prune(world)
    case "List":
      return list(world, command)
  }
}

const insert = Effect.fnUntraced(function*(world: World, { jobs }: Of<"Insert">) {
  const driver = yield* world.driver.insert(jobs.map((job) => newJobOf(world, job, (id) => toDriver(world, id))))
  const reference = yield* world.reference.insert(jobs.map((job) => newJobOf(world, job, (id) => id)))
  for (const [index, result] of reference.entries()) {
    const other = driver[index]
    if (other?._tag === "Enqueued" && result._tag === "Enqueued") pair(world, other, result)
  }
  const mapped = driver.map((result) => ({ ...result, id: toReference(world, result.id) }))
  return difference("answer to insert", mapped, reference)
})

/** The job with the parents that are still there. */
const newJobOf = (
  world: World,
  { parentJobs = [], ...job }: JobCommand,
  translate: (id: JobId.JobId) => JobId.JobId
): NewJob.NewJob => {
  const parents = parentJobs.flatMap((number) => jobAt(world, number) ?? []).filter((id) => world.referenceJobs.has(id))
  return Fixture.newJob(parents.length === 0 ? job : { ...job, parents: parents.map(translate) })
}

const sign = Effect.fnUntraced(function*(world: World, command: Of<"Register" | "Renew" | "Leave">) {
  const id = workerId(world, command.worker)
  const request = command._tag === "Register"
    ? {
      _tag: command._tag,
      workerId: id,
      leaseMillis: command.leaseMillis,
      info: Fixture.workerInfo({ names, queues })
    }
    : command._tag === "Renew"
    ? { _tag: command._tag, workerId: id, leaseMillis: command.leaseMillis }
    : { _tag: command._tag, workerId: id }
  const driver = yield* world.driver.renew(request)
  const reference = yield* world.reference.renew(request)
  if (reference._tag === "Lost") renewWorkerId(world, command.worker)
  if (command._tag === "Leave") return null
  if (driver._tag === "Lost" || reference._tag === "Lost") return difference("answer to renew", driver, reference)
  const cancellations = driver.cancellations.map((entry) => ({ ...entry, id: toReference(world, entry.id) }))
  return difference("cancellations", byId(cancellations), byId(reference.cancellations))
    ?? difference("suspects", driver.suspects, reference.suspects)
})

const claim = Effect.fnUntraced(function*(world: World, command: Of<"Claim">) {
  const { limit, names, perTenant, queue, slots, suspects, versionMax } = command
  const options = {
    workerId: workerId(world, command.worker),
    queue,
    handles: names.map((name) => ({ name, versionMin: 1, versionMax })),
    limit,
    perTenant,
    suspects,
    ...(slots === null ? {} : { slots })
  }
  const driver = yield* world.driver.claim(options)
  world.wanted = driver.map((claim) => toReference(world, claim.id))
  world.offered = null
  const reference = yield* world.reference.claim(options)
  const offered: World["offered"] = world.offered
  const fault = judge(options, offered ?? [], world.wanted)
  const rest = yield* claimableNow(world, options)
  const neglect = judgeRest(options, offered ?? [], world.wanted, rest)
  if (neglect !== null) return `claim ${neglect}: ${JSON.stringify(rest)}, lent ${JSON.stringify(world.wanted)}`
  if (fault !== null) return `claim ${fault}: offered ${JSON.stringify(offered)}, lent ${JSON.stringify(world.wanted)}`
  const claimedAt = yield* Clock.currentTimeMillis
  const known = new Map(reference.map((claim) => [claim.id, claim]))
  for (const entry of driver) {
    const other = known.get(toReference(world, entry.id))
    if (other !== undefined) {
      world.claims.push({ workerId: options.workerId, claimedAt, driver: entry, reference: other })
    }
  }
  const mapped = driver.map((claim) => comparableClaim(claim, toReference(world, claim.id)))
  return difference("claims", mapped, reference.map((claim) => comparableClaim(claim, claim.id)))
    ?? checkLease(world, driver)
})

/** What the reference would still lend: offered to a claim that takes nothing. */
const claimableNow = Effect.fnUntraced(function*(world: World, options: Claim.ClaimOptions) {
  const wanted = world.wanted
  world.wanted = []
  world.offered = null
  yield* world.reference.claim(options)
  world.wanted = wanted
  const offered: World["offered"] = world.offered
  return offered ?? []
})

const comparableClaim = (claim: Claim.Claim, id: Claim.Claim["id"]) => ({ ...claim, id, leaseId: "" })

const checkLease = (world: World, claims: ReadonlyArray<Claim.Claim>): string | null => {
  for (const lease of new Set(claims.map((claim) => claim.leaseId))) {
    if (world.leaseIds.has(lease)) return `lease ${lease} was given out again`
    world.leaseIds.add(lease)
  }
  return null
}

const settle = Effect.fnUntraced(function*(world: World, command: Of<"Settle">) {
  const first = claimAt(world, command.claims[0]?.[0] ?? 0)
  if (first === undefined) return null
  const now = yield* Clock.currentTimeMillis
  const chosen = new Map<ClaimPair, Outcome.Outcome>()
  for (const [number, outcome] of command.claims) {
    const claim = claimAt(world, number)
    if (claim?.workerId === first.workerId && !chosen.has(claim)) chosen.set(claim, outcome)
  }
  const settlements = (side: "driver" | "reference") =>
    [...chosen].map(([claim, outcome]) =>
      Fixture.settlement(damaged(claim[side], command.damage), outcome, {
        startedAfterMillis: now === claim.claimedAt ? null : 0,
        endedAfterMillis: now - claim.claimedAt,
        hasReport: world.reported.has(claim.reference.id)
      })
    )
  const worker = command.damage === "worker" ? "stranger" : first.workerId
  const driver = yield* world.driver.settle(worker, settlements("driver"))
  const reference = yield* world.reference.settle(worker, settlements("reference"))
  // Whether a repetition under a wrong lease is recognised is the driver's own; that it changes nothing is not.
  return command.damage === "lease" ? null : difference("answer to settle", driver, reference)
})

const damaged = (claim: Claim.Claim, damage: Damage): Claim.Claim => {
  if (damage === "token") return { ...claim, token: claim.token + 7 }
  return damage === "lease" ? { ...claim, leaseId: "987654321987654321" } : claim
}

const report = Effect.fnUntraced(function*(world: World, command: Of<"Report">) {
  const claim = claimAt(world, command.claim)
  if (claim === undefined) return null
  const reportOf = (side: "driver" | "reference") => {
    const { id, leaseId, token } = damaged(claim[side], command.damage)
    return [{ id, leaseId, token, ...command.fields }]
  }
  const worker = command.damage === "worker" ? "stranger" : claim.workerId
  const driver = yield* world.driver.report(worker, reportOf("driver"))
  const reference = yield* world.reference.report(worker, reportOf("reference"))
  if (reference[0] === "Applied" && command.fields.started !== true) world.reported.add(claim.reference.id)
  return difference("answer to report", driver, reference)
})

const promote = Effect.fnUntraced(function*(world: World, { limit }: Of<"Promote">) {
  const driver = yield* world.driver.promote({ limit })
  const reference = yield* world.reference.promote({ limit })
  return difference("answer to promote", { ...driver, queues: driver.queues.toSorted() }, reference)
})

const reclaim = Effect.fnUntraced(function*(world: World) {
  const driver = yield* world.driver.reclaim({ limit: 1000 })
  const reference = yield* world.reference.reclaim({ limit: 1000 })
  const mapped = driver.map((entry) => ({ ...entry, id: toReference(world, entry.id) }))
  return difference("answer to reclaim", byId(mapped), byId(reference))
})

const transition = Effect.fnUntraced(function*(world: World, { action, by, numbers }: Of<"Transition">) {
  const jobs = numbers.map((number) => by === "job" ? jobAt(world, number) : claimAt(world, number)?.reference.id)
  const ids = [...new Set(jobs)].filter((id) => id !== undefined)
  // Of several jobs with one unique key the driver may redrive any: one at a time leaves it no choice.
  for (const part of action._tag === "Retry" ? ids.map((id) => [id]) : [ids]) {
    const driver = yield* world.driver.transition(part.map((id) => toDriver(world, id)), action)
    const reference = yield* world.reference.transition(part, action)
    const mapped = driver.map((result) => ({ ...result, id: toReference(world, result.id) }))
    const finding = difference("answer to transition", byId(mapped), byId(reference))
    if (finding !== null) return finding
  }
  return null
})

const prune = Effect.fnUntraced(function*(world: World) {
  // A driver may keep jobs longer: only a policy that drops nothing has one right result.
  const policy = { finishedMillis: 30 * 86_400_000, deadMillis: 30 * 86_400_000 }
  yield* world.driver.prune(policy)
  return difference("answer of the reference to prune", yield* world.reference.prune(policy), { finished: 0, dead: 0 })
})

const list = Effect.fnUntraced(function*(world: World, command: Of<"List">) {
  const { beforeJob, jobs, ...filters } = command.query
  const before = beforeJob === undefined ? undefined : jobAt(world, beforeJob)
  const ids = jobs?.flatMap((number) => jobAt(world, number) ?? [])
  const queryOf = (translate: (id: Claim.Claim["id"]) => Claim.Claim["id"]) => ({
    ...filters,
    ...(ids === undefined ? {} : { ids: ids.map(translate) }),
    ...(before === undefined ? {} : { before: translate(before) })
  })
  const driver = yield* world.driver.list(queryOf((id) => toDriver(world, id)))
  const reference = yield* world.reference.list(queryOf((id) => id))
  const next = driver.next === null ? null : toReference(world, driver.next)
  return firstFinding([
    difference(
      "listed jobs",
      driver.items.map((job) => toReference(world, job.id)),
      reference.items.map((job) => job.id)
    ),
    difference("next page", next, reference.next)
  ])
})

const byId = <A extends { readonly id: string }>(items: ReadonlyArray<A>): ReadonlyArray<A> =>
  items.toSorted((a, b) => (a.id < b.id ? -1 : 1))
