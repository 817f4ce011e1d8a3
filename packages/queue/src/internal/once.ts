/**
 * What becomes of enqueues with the same key: unique, throttled and debounced jobs, from options to what a storage takes.
 */
import type { NewJob } from "@millrace/storage/NewJob"
import * as Result from "effect/Result"
import type { DebounceRule, EnqueueOptions, Scope, ThrottleRule, UniqueOptions, UniqueRule } from "../EnqueueOptions.ts"
import type { Once, Options } from "../JobDefinition.ts"
import type { InvalidOption } from "../QueueError.ts"
import * as Checks from "./optionChecks.ts"

/** The three ways, of which a job has one at most. */
interface Ways {
  readonly unique?: UniqueRule
  readonly throttle?: ThrottleRule
  readonly debounce?: DebounceRule
}

/** The rule of the one way that is given, null when none is. */
export const ruleOf = ({ debounce, throttle, unique }: Ways): Result.Result<Once | null, InvalidOption> => {
  const given = Object.entries({ unique, throttle, debounce }).filter(([, way]) => way !== undefined)
  if (given.length > 1) {
    return Checks.refuse(given[1]?.[0] ?? "unique", `${given.map(([name]) => name).join(" and ")} exclude each other`)
  }
  if (unique !== undefined) return uniqueRule(unique)
  if (throttle !== undefined) return throttleRule(throttle)
  return debounce === undefined ? Result.succeed(null) : debounceRule(debounce)
}

const uniqueRule = (rule: UniqueRule): Result.Result<Once, InvalidOption> =>
  Result.gen(function*() {
    return {
      _tag: "Unique",
      scope: yield* scope("unique.scope", rule.scope),
      holds: yield* oneOf("unique.until", rule.until ?? "finished", ["started", "finished"]),
      periodMillis: rule.period === undefined ? null : yield* Checks.timeout(rule.period, "unique.period")
    } as const
  })

const throttleRule = (rule: ThrottleRule): Result.Result<Once, InvalidOption> =>
  Result.gen(function*() {
    return {
      _tag: "Unique",
      scope: yield* scope("throttle.scope", rule.scope),
      holds: "period",
      periodMillis: yield* Checks.timeout(rule.period, "throttle.period")
    } as const
  })

const debounceRule = (rule: DebounceRule): Result.Result<Once, InvalidOption> =>
  Result.gen(function*() {
    const waitMillis = yield* Checks.timeout(rule.wait, "debounce.wait")
    const maxWaitMillis = rule.maxWait === undefined ? null : yield* Checks.timeout(rule.maxWait, "debounce.maxWait")
    if (maxWaitMillis !== null && maxWaitMillis < waitMillis) {
      return yield* Checks.refuse("debounce.maxWait", "expected at least as long as wait")
    }
    return {
      _tag: "Debounce",
      scope: yield* scope("debounce.scope", rule.scope),
      waitMillis,
      maxWaitMillis,
      payload: yield* oneOf("debounce.payload", rule.payload ?? "replace", ["keep", "replace"])
    } as const
  })

const scope = (field: string, given: Scope = "tenant") => oneOf(field, given, ["tenant", "queue", "global"])

const oneOf = <A extends string>(field: string, value: A, known: ReadonlyArray<A>): Result.Result<A, InvalidOption> =>
  known.includes(value) ? Result.succeed(value) : Checks.refuse(field, `expected ${known.join(" or ")}`)

/** Where a key belongs. */
interface Place {
  readonly name: string
  readonly tenant: string
  readonly queue: string
}

/** What the storage is told: the options of the enqueue, else those of the definition. */
export const resolve = (
  place: Place,
  defaults: Options,
  options: EnqueueOptions,
  keyOf: () => string | undefined
): Result.Result<Pick<NewJob, "unique" | "debounce">, InvalidOption> =>
  hasOwn(options) || defaults.once !== null ? resolveSome(place, defaults, options, keyOf) : Result.succeed(neither)

const resolveSome = (
  place: Place,
  defaults: Options,
  options: EnqueueOptions,
  keyOf: () => string | undefined
): Result.Result<Pick<NewJob, "unique" | "debounce">, InvalidOption> =>
  Result.gen(function*() {
    const own = yield* ownRule(options, defaults)
    const rule = own ?? defaults.once
    if (rule === null) return neither
    const key = scoped(place, rule.scope, yield* keyText(own === null ? keyOf() : ownKey(options)))
    if (rule._tag === "Unique") {
      return { unique: { key, holds: rule.holds, periodMillis: rule.periodMillis }, debounce: null }
    }
    if (options.delay !== undefined || options.runAt !== undefined) {
      return yield* Checks.refuse("debounce", "a debounced job waits by its own rule: leave out delay and runAt")
    }
    const { maxWaitMillis, payload, waitMillis } = rule
    return { unique: null, debounce: { key, waitMillis, maxWaitMillis, payload } }
  })

const neither = { unique: null, debounce: null }

const hasOwn = ({ debounce, throttle, unique }: EnqueueOptions): boolean =>
  unique !== undefined || throttle !== undefined || debounce !== undefined

/** The rule of the enqueue; null when it states none. A text is a unique key by the definition's rule, if it has one. */
const ownRule = (options: EnqueueOptions, defaults: Options): Result.Result<Once | null, InvalidOption> => {
  if (!hasOwn(options)) return Result.succeed(null)
  const { debounce, throttle, unique } = options
  const isPlain = typeof unique === "string" && throttle === undefined && debounce === undefined
  if (isPlain && defaults.once?._tag === "Unique" && defaults.once.holds !== "period") {
    return Result.succeed(defaults.once)
  }
  return ruleOf({
    ...(unique === undefined ? {} : { unique: toUnique(unique) }),
    ...(throttle === undefined ? {} : { throttle }),
    ...(debounce === undefined ? {} : { debounce })
  })
}

const toUnique = (unique: string | UniqueOptions): UniqueOptions =>
  typeof unique === "object" && unique !== null ? unique : { key: unique }

const ownKey = ({ debounce, throttle, unique }: EnqueueOptions): string | undefined =>
  unique === undefined ? throttle?.key ?? debounce?.key : toUnique(unique).key

/** No key is the one key that all jobs of the scope share. */
const keyText = (key: string | undefined): Result.Result<string, InvalidOption> =>
  key === undefined ? Result.succeed("") : Checks.label("unique", key)

/**
 * A key within its scope. Colons in the parts before it are escaped, so that no two scopes look the same; no name is
 * empty, so that nothing of a tenant's scope begins with a colon.
 */
const scoped = ({ name, queue, tenant }: Place, within: Scope, key: string): string => {
  switch (within) {
    case "tenant":
      return `${escape(name)}:${escape(tenant)}:${key}`
    case "queue":
      return `:queue:${escape(name)}:${escape(queue)}:${key}`
    case "global":
      return `:global:${escape(name)}:${key}`
  }
}

const escape = (text: string): string => text.replace(/[%:]/g, (char) => char === "%" ? "%25" : "%3A")
