/**
 * The thread of a heart: one connection, and a beat for each registration that it keeps.
 *
 * It says what it has to say about an event loop that stands still by itself, straight to the standard error: the loop
 * can not.
 */
import * as PgConnection from "@effect/sql-pg/PgConnection"
import type { RenewResult } from "@millrace/storage/WorkerRecord"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { ConnectionError, SqlError } from "effect/sql/SqlError"
import { writeSync } from "node:fs"
import { parentPort, workerData } from "node:worker_threads"
import * as PgSchema from "../PgSchema.ts"
import * as statements from "../statements/lease.ts"
import * as Deadline from "./deadline.ts"
import type { Answer, Begin, Keep, Order } from "./heart.ts"
import * as Heartbeat from "./heartbeat.ts"
import * as Lease from "./lease.ts"

const begin: Begin = workerData
const text = statements.renew(PgSchema.quoteUnsafe(begin.schemaName))

/** The connection of the thread, opened when it is needed, closed at the first doubt. */
let open: { readonly connection: PgConnection.PgConnection; readonly scope: Scope.Closeable } | null = null

const connected = (millis: number): Effect.Effect<PgConnection.PgConnection, SqlError> =>
  Effect.suspend(() => open === null ? connect(millis) : Effect.succeed(open.connection))

const connect = Effect.fnUntraced(function*(millis: number) {
  const { password, url, ...rest } = begin.connect
  const scope = yield* Scope.make()
  const connection = yield* PgConnection.make({
    ...rest,
    url: url === undefined ? undefined : Redacted.make(url),
    password: password === undefined ? undefined : Redacted.make(password),
    connectTimeout: millis
  }).pipe(Scope.provide(scope))
  open = { connection, scope }
  return connection
})

/** Closing a connection ends the statement on it at once; interrupting the statement would wait for the server. */
const disconnect: Effect.Effect<void> = Effect.suspend(() => {
  const closing = open
  open = null
  return closing === null ? Effect.void : Scope.close(closing.scope, Exit.void)
})

const late = (millis: number) =>
  new SqlError({
    reason: new ConnectionError({ cause: new Error(`no answer within ${millis} ms`), operation: "renew" })
  })

const renew = ({ everyMillis, leaseMillis, workerId }: Keep): Effect.Effect<RenewResult, SqlError> => {
  const millis = Math.round(everyMillis * 0.75)
  return Effect.flatMap(
    connected(millis),
    (connection) => connection.query(text, [null, workerId, String(leaseMillis)])
  )
    .pipe(
      Deadline.within(millis, () => late(millis)),
      Effect.map(({ rows }) => Lease.toRenewed(rows[0])),
      Effect.tapCause(() => disconnect)
    )
}

// Not a window's: there is no origin to name.
// oxlint-disable-next-line unicorn/require-post-message-target-origin
const tell = (answer: Answer): void => parentPort?.postMessage(answer)

const stands = (millis: number, isOver: boolean): void => {
  const seconds = Math.round(millis / 1000)
  const what = isOver
    ? `and its leases are left to end${begin.recycle ? "; the process is killed" : ""}`
    : "its leases are renewed by a thread meanwhile"
  say(`level=ERROR pid=${process.pid} message="the event loop stands still for ${seconds} seconds: ${what}"\n`)
  if (isOver && begin.recycle) process.kill(process.pid, "SIGKILL")
}

/** A closed standard error is no reason to end. */
const say = (line: string): void => {
  try {
    writeSync(2, line)
  } catch {
    return
  }
}

const beats = new Map<number, Fiber.Fiber<void>>()

const obey = (order: Order): void => {
  if (order._tag === "Stop") {
    beats.get(order.key)?.interruptUnsafe()
    beats.delete(order.key)
    return
  }
  const { keep } = order
  beats.set(keep.key, Effect.runFork(Heartbeat.run({ keep, sign: begin.sign, renew: renew(keep), tell, stands })))
}

parentPort?.on("message", obey)
