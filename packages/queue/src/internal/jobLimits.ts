/**
 * The limits of a job: from the values of its definition to what a storage takes.
 */
import type { JobLimit, LimitRule } from "@millrace/storage/Limit"
import * as Result from "effect/Result"
import type { EnqueueOptions, LimitOptions } from "../EnqueueOptions.ts"
import type { Limit } from "../Limit.ts"
import type { InvalidOption } from "../QueueError.ts"
import * as Checks from "./optionChecks.ts"

/** Most limits of one job: that of the storage port. */
const limitsMax = 16

/** Most permits that one job takes. */
const weightMax = 1_000_000_000

/** The name of the order that `fifo` of a job makes. */
const orderName = (name: string): string => `fifo:${name}`

/** The rule of the order that `fifo` of a job makes. */
export const orderRule = (name: string): LimitRule => ({
  name: orderName(name),
  kind: "order",
  max: 1,
  perMillis: null,
  burst: null
})

/** The rules of limits, each name once. Two different rules of one name contradict each other. */
export const rulesOf = (
  limits: ReadonlyArray<Limit<never>>
): Result.Result<ReadonlyArray<LimitRule>, InvalidOption> => {
  const rules = new Map<string, LimitRule>()
  for (const { rule } of limits) {
    if (rules.has(rule.name)) return Checks.refuse(`limits.${rule.name}`, "a job has a limit once")
    rules.set(rule.name, rule)
  }
  return rules.size > limitsMax
    ? Checks.refuse("limits", `expected at most ${limitsMax} limits`)
    : Result.succeed([...rules.values()])
}

/** The limits of one payload, unchecked. */
export const ofPayload =
  <Payload>(limits: ReadonlyArray<Limit<Payload>>) => (payload: Payload, tenant: string): ReadonlyArray<JobLimit> =>
    limits.map(({ key, rule, weight }) => ({
      name: rule.name,
      key: key === null ? "" : key === "tenant" ? tenant : key(payload),
      weight: typeof weight === "number" ? weight : weight(payload)
    }))

/** The limits of one job, checked: those of its definition, its place in an order, and those of the enqueue. */
export const resolve = (
  name: string,
  tenant: string,
  options: EnqueueOptions,
  ofDefinition: ReadonlyArray<JobLimit>,
  fifoKey: string | undefined
): Result.Result<ReadonlyArray<JobLimit>, InvalidOption> =>
  // The way of most jobs: without a generator.
  ofDefinition.length === 0 && fifoKey === undefined && options.limits === undefined
    ? Result.succeed(none)
    : resolveSome(name, tenant, options, ofDefinition, fifoKey)

const resolveSome = (
  name: string,
  tenant: string,
  options: EnqueueOptions,
  ofDefinition: ReadonlyArray<JobLimit>,
  fifoKey: string | undefined
): Result.Result<ReadonlyArray<JobLimit>, InvalidOption> =>
  Result.gen(function*() {
    const limits = new Map<string, JobLimit>()
    for (const limit of ofDefinition) limits.set(limit.name, yield* checked(limit, tenant))
    for (const limit of options.limits ?? none) {
      const given: LimitOptions = typeof limit === "object" && limit !== null ? limit : { name: "" }
      const own = { key: "", weight: 1, ...given }
      limits.set(own.name, yield* checked(own, tenant))
    }
    if (fifoKey !== undefined) {
      const key = `${tenant}:${yield* Checks.label("fifo", fifoKey)}`
      limits.set(orderName(name), { name: orderName(name), key: yield* Checks.label("fifo", key), weight: 1 })
    }
    return limits.size > limitsMax
      ? yield* Checks.refuse("limits", `expected at most ${limitsMax} limits`)
      : [...limits.values()]
  })

const none: ReadonlyArray<never> = []

const checked = ({ key, name, weight }: JobLimit, tenant: string): Result.Result<JobLimit, InvalidOption> =>
  Result.gen(function*() {
    return {
      name: yield* Checks.label("limits", name),
      key: key === "" || key === tenant ? key : yield* Checks.label(`limits.${name}.key`, key),
      weight: yield* Checks.whole(`limits.${name}.weight`, weight, 1, weightMax)
    }
  })
