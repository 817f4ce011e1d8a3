/** Changing run-time settings: pauses, limits, weights. */
import * as Bounds from "@millrace/storage/Bounds"
import type { ControlCommand } from "@millrace/storage/ControlCommand"
import * as StorageError from "@millrace/storage/StorageError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as PgError from "../PgError.ts"
import * as statements from "../statements/control.ts"
import type { Notifier } from "./notifier.ts"
import type { Session } from "./session.ts"

/** The control method of a session. */
export const make = (session: Session, notifier: Notifier) => {
  const change = makeChange(session)

  /** What lets jobs start, of any queue, is told to all. */
  const tell = Effect.fnUntraced(function*(command: ControlCommand) {
    if (command._tag.startsWith("Pause")) return
    const text = `select c.queue from ${session.schema}.count_total c group by c.queue order by c.queue limit 1000`
    const queues = command._tag === "ResumeQueue"
      ? [command.queue]
      : (yield* session.rows("control", text, [])).map((row) => row["queue"] as string)
    yield* session.sql.afterCommit(notifier.inserted(new Set(queues), false))
  })

  return Effect.fnUntraced(function*(command: ControlCommand) {
    const reason = Bounds.checkControl(command, yield* Clock.currentTimeMillis)
    if (reason !== null) return yield* Effect.fail(new StorageError.StorageError({ reason }))
    yield* change(command, yield* session.now)
    yield* tell(command)
  })
}

const makeChange = (session: Session) => {
  const s = session.schema
  const run = (text: string, params: ReadonlyArray<unknown>) => session.rows("control", text, params)
  const declare = makeDeclare(session)
  return (command: ControlCommand, now: Date | null): Effect.Effect<unknown, StorageError.StorageError> => {
    switch (command._tag) {
      case "PauseQueue":
      case "ResumeQueue":
        return run(statements.pauseQueue(s), [now, command.queue, command._tag === "PauseQueue"])
      case "PauseTenant":
        return run(statements.pause(s), [now, "tenant", command.tenant, null, null])
      case "ResumeTenant":
        return run(statements.resume(s), ["tenant", command.tenant, null])
      case "PauseName":
        return run(statements.pause(s), [now, "name", command.name, null, null])
      case "ResumeName":
        return run(statements.resume(s), ["name", command.name, null])
      case "PauseLimit":
        return run(statements.pause(s), [now, "limit", command.limit, command.key, textOf(command.durationMillis)])
      case "ResumeLimit":
        return run(statements.resume(s), ["limit", command.limit, command.key])
      case "DeclareLimits":
        return declare(command, now)
      case "OverrideLimit":
        return run(statements.override(s), [
          now,
          command.limit,
          command.key,
          textOf(command.max),
          textOf(command.perMillis),
          textOf(command.burst),
          textOf(command.durationMillis)
        ])
      case "ClearOverride":
        return run(statements.clearOverride(s), [command.limit, command.key])
      case "SetWeight":
        return command.weight === null
          ? run(statements.clearWeight(s), [command.tenant, command.queue])
          : run(statements.setWeight(s), [command.tenant, command.queue, textOf(command.weight)])
    }
  }
}

/** Numbers travel as text: the client takes whole ones for integers. */
const textOf = (value: number | null | undefined): string | null =>
  value === null || value === undefined ? null : `${value}`

const makeDeclare = (session: Session) =>
  Effect.fnUntraced(
    function*(command: Extract<ControlCommand, { readonly _tag: "DeclareLimits" }>, now: Date | null) {
      const rules = command.rules.map(({ burst, kind, max, name, perMillis }) => ({
        name,
        kind,
        max,
        per_ms: perMillis,
        burst
      }))
      const s = session.schema
      yield* session.sql.withTransaction(Effect.gen(function*() {
        yield* session.rows("control", statements.noteRelease(s), [now, command.release])
        yield* session.rows("control", statements.declare(s), [now, command.release, JSON.stringify(rules)])
      })).pipe(PgError.mapErrors("control"))
    }
  )
