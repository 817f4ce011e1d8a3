/**
 * The exceptions to the rules: `tools/allowed.json`, each with its reason.
 *
 * An exception that excuses nothing any more is itself a violation, so the list can only shrink by itself.
 */
import { Schema } from "effect"
import * as Violation from "./Violation.ts"

/** Where the exceptions are written down. */
export const file = "tools/allowed.json"

const Reason = Schema.String.check(Schema.isMinLength(15))

/** Rule → path of a file → why the rule does not hold there. */
export const Exceptions = Schema.Record(Schema.String, Schema.Record(Schema.String, Reason))

/** @see Exceptions */
export type Exceptions = typeof Exceptions.Type

/** Decodes the text of the file; throws when it is malformed or a reason is missing. */
export const parse = Schema.decodeUnknownSync(Schema.fromJsonString(Exceptions))

/** The violations of a rule that are not excused, and the excuses of this rule that nothing needs. */
export const apply = (
  exceptions: Exceptions,
  rule: string,
  violations: ReadonlyArray<Violation.Violation>
): ReadonlyArray<Violation.Violation> => {
  const excused = exceptions[rule] ?? {}
  const unexcused = violations.filter((violation) => !(violation.path in excused))
  const stale = Object.keys(excused).filter((path) => violations.every((violation) => violation.path !== path))
  return [
    ...unexcused,
    ...stale.map((path) => Violation.make(file, 1, `"${rule}" excuses ${path}, which does not need it: remove it`))
  ]
}

/** Names of rules that are excused but do not exist. */
export const unknownRules = (exceptions: Exceptions, rules: ReadonlyArray<string>): ReadonlyArray<string> =>
  Object.keys(exceptions).filter((name) => !rules.includes(name))
