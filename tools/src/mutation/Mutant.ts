/**
 * Planted faults in statements: which one a test process runs with, and how its text is changed.
 *
 * The id of a mutant is `module.statement#n`, n counting the guards of the statement from 0. The environment of a test
 * process names the one that it runs with.
 */
import * as SqlGuard from "./SqlGuard.ts"

/** Environment variable: the id of the mutant of this test process. */
export const variable = "MILLRACE_MUTANT"

/** A statement without one of its guards. */
export interface Mutant {
  readonly id: string
  readonly clause: SqlGuard.Guard["clause"]
  readonly dropped: string
}

/** Statements take the schema, and perhaps which optional parts they have: all of them. */
const everything: ReadonlyArray<unknown> = ["\"millrace\"", new Proxy({}, { get: () => true })]

/** The text of a statement with all its parts; null for what is no statement. */
const fullText = (value: unknown): string | null => {
  if (typeof value !== "function" || value.length === 0 || value.length > everything.length) return null
  const text: unknown = Reflect.apply(value, undefined, everything.slice(0, value.length))
  return typeof text === "string" ? text : null
}

/** All mutants of a statement; identical guards of one statement count each. */
const ofStatement = (name: string, sql: string): ReadonlyArray<Mutant> =>
  SqlGuard.find(sql).map((guard, index) => ({ id: `${name}#${index}`, clause: guard.clause, dropped: guard.text }))

/** The mutants of all statements of a module. */
export const ofModule = (module: string, statements: Readonly<Record<string, unknown>>): ReadonlyArray<Mutant> =>
  Object.entries(statements).flatMap(([name, value]) => {
    const text = fullText(value)
    return text === null ? [] : ofStatement(`${module}.${name}`, text)
  })

/** Which guard to drop: the `nth` of all with this text, whatever other parts a statement has. */
interface Target {
  readonly text: string
  readonly nth: number
}

const targetOf = (id: string | undefined, name: string, value: unknown): Target | null => {
  // Other functions may be no statements, and take what would break them here.
  if (id === undefined || !id.startsWith(`${name}#`)) return null
  const sql = fullText(value)
  if (sql === null) return null
  const guards = SqlGuard.find(sql)
  const index = Number(id.slice(name.length + 1))
  const text = guards[index]?.text
  return text === undefined ? null : { text, nth: guards.slice(0, index).filter((one) => one.text === text).length }
}

/** Schemas differ in tests: what is compared is the text without its name. */
const drop = (sql: string, schema: unknown, target: Target): string => {
  const same = (text: string) => text.replaceAll(String(schema), "\"millrace\"") === target.text
  const guard = SqlGuard.find(sql).filter((one) => same(one.text))[target.nth]
  return guard === undefined ? sql : SqlGuard.without(sql, guard)
}

/** Wraps every function of a module of statements that answers a text. */
export const wrap = (
  id: string | undefined,
  module: string,
  statements: Readonly<Record<string, unknown>>
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(statements).map(([name, value]) => {
      const target = targetOf(id, `${module}.${name}`, value)
      if (typeof value !== "function" || target === null) return [name, value]
      return [name, (...args: ReadonlyArray<unknown>) => {
        const text: unknown = Reflect.apply(value, undefined, args)
        return typeof text === "string" ? drop(text, args[0], target) : text
      }]
    })
  )
