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

const quoted = (name: string) => `"${name}"`

/** All mutants of a statement; identical guards of one statement count each. */
export const ofStatement = (name: string, sql: string): ReadonlyArray<Mutant> =>
  SqlGuard.find(sql).map((guard, index) => ({ id: `${name}#${index}`, clause: guard.clause, dropped: guard.text }))

/** The text of a statement as the mutant has it; any other statement stays as it is. */
export const apply = (id: string | undefined, name: string, sql: string): string => {
  if (id === undefined || !id.startsWith(`${name}#`)) return sql
  const guard = SqlGuard.find(sql)[Number(id.slice(name.length + 1))]
  return guard === undefined ? sql : SqlGuard.without(sql, guard)
}

/** Wraps every function of a module of statements that answers a text. */
export const wrap = (
  id: string | undefined,
  module: string,
  statements: Readonly<Record<string, unknown>>
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(statements).map(([name, value]) => [
      name,
      typeof value === "function"
        ? (...args: ReadonlyArray<unknown>) => {
          const text: unknown = Reflect.apply(value, undefined, args)
          return typeof text === "string" ? apply(id, `${module}.${name}`, text) : text
        }
        : value
    ])
  )

/** The mutants of all statements of a module, whose texts take nothing but a schema. */
export const ofModule = (module: string, statements: Readonly<Record<string, unknown>>): ReadonlyArray<Mutant> =>
  Object.entries(statements).flatMap(([name, value]) => {
    if (typeof value !== "function" || value.length !== 1) return []
    const text: unknown = Reflect.apply(value, undefined, [quoted("millrace")])
    return typeof text === "string" ? ofStatement(`${module}.${name}`, text) : []
  })
