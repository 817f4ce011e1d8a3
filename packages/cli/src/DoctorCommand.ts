/**
 * `millrace doctor`: looks at the database, and says what is wrong and what to do.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Database from "./Database.ts"
import * as Diagnosis from "./Diagnosis.ts"
import * as DoctorFacts from "./DoctorFacts.ts"
import * as Failure from "./Failure.ts"
import * as Output from "./Output.ts"

const marks = { ok: "ok  ", warn: "warn", fail: "FAIL" }

const toText = (findings: ReadonlyArray<Diagnosis.Finding>): string => {
  const width = Math.max(...findings.map(({ check }) => check.length))
  return findings.map(({ check, detail, remedy, status }) => {
    const line = `${marks[status]}  ${check.padEnd(width)}  ${detail}`
    return remedy === null ? line : `${line}\n${" ".repeat(width + 8)}${remedy}`
  }).join("\n")
}

/**
 * The command. Its exit code is 1 when a check failed; warnings do not count.
 *
 * @stability unstable
 * @category commands
 * @since 0.1.0
 */
export const command = Command.make(
  "doctor",
  Database.flags,
  Effect.fnUntraced(function*(given) {
    const database = yield* Database.open(given)
    const findings = Diagnosis.judge(yield* DoctorFacts.ask(database))
    const status = Diagnosis.worst(findings)
    yield* Output.answer({ status, findings }, () => toText(findings))
    if (status === "fail") return yield* Failure.refused("The database is not fit for Millrace: see above")
  }, Effect.scoped)
).pipe(
  Command.withDescription("Check version, migrations, role, indexes, bloat, xmin age, pooler, clock of the database")
)
