import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Example from "./support/Example.ts"

const says = (name: string, sentence: string, lines: ReadonlyArray<string>) =>
  it.effect(
    `${name}: ${sentence}`,
    () => Effect.map(Example.run(name), (ended) => Example.assertSaid(ended, lines)),
    // Booting a PostgreSQL takes seconds, and longer on a machine with other work.
    120_000
  )

describe("examples", () => {
  says("hello", "runs a job and answers with its result", ["Welcome, Ada! (attempt 1)"])

  says("transactional-enqueue", "leaves neither order nor job behind a rollback", [
    "order A-1 and its job are written, not committed",
    "order A-2 and its job are written, not committed",
    "order A-2 is rolled back",
    "orders: [ 'A-1' ]",
    "jobs: [ { state: 'available', payload: { orderId: 'A-1' } } ]"
  ])

  says("transactional-completion", "books an amount once, although the first attempt dies after its update", [
    "attempt 1 sees the balance 7500",
    "attempt 2 sees the balance 7500",
    "result: { balance: 7500 }",
    "account: [ { balance: 7500 } ]"
  ])

  says("retries", "retries one error, gives up at another, and previews both", [
    "MailboxFull: never again",
    "ProviderDown: again after 100 ms, 200 ms, 300 ms, 400 ms",
    "AnythingElse: again after 1000 ms, 2000 ms, 4000 ms, 8000 ms",
    "sent to ada@example.com at attempt 3",
    "gave up: the mailbox full@example.com is full"
  ])

  says("cancel-and-timeout", "runs the finalizers of attempts that are stopped", [
    "May: opens a temporary file",
    "May: removes the temporary file",
    "May: was running, cancel was requested, is cancelled",
    "June: opens a temporary file",
    "June: removes the temporary file",
    "June: dead, Timeout: The attempt took longer than 200 ms"
  ])

  says("batch", "stores thousands of jobs, none of them twice", [
    "enqueued 5000 jobs",
    "again: 0 new, 100 are waiting already",
    "completed 5000"
  ])

  says("execute", "answers with the typed result, and fails with the typed error", [
    "London: 8866180n",
    "nobody knows Atlantis"
  ])

  says("schedules", "fires in code and at run time, and says what is wrong and where", [
    "2026-03-28T01:30:00.000Z  2026-03-29T01:00:00.000Z  2026-03-30T00:30:00.000Z",
    "trigger: fired",
    "report sent to bob@x",
    "paused: true",
    "Schedule refused: cron at position 2: expected hour 0 to 23, found \"25\""
  ])

  says("snooze", "comes back without an attempt spent", [
    "asked 1 times, attempt 1 of 1",
    "asked 2 times, attempt 1 of 1",
    "asked 3 times, attempt 1 of 1",
    "export E-7 is here"
  ])

  says("limits", "keeps to a limit per store, and overrides it for a time", [
    "at most 2 of a store ran at a time",
    "rate openai: 450, 0 overrides",
    "concurrency per-store: 2, 1 overrides"
  ])

  says("encryption", "stores ciphertext, and shows the job to those with the key", [
    "stored: $millrace, k, n, c",
    "read: {\"card\":\"4242 4242 4242 4242\"}, \"paid with the card that ends in 4242\""
  ])

  says("redaction", "hides what the schemas mark", [
    "{\"order\":7,\"card\":\"<redacted>\",\"holder\":{\"name\":\"<redacted>\",\"country\":\"GB\"}}",
    "{\"paid\":true,\"receipt\":\"<redacted>\"}"
  ])

  says("unique-jobs", "stores one job of many, and reduces what was added meanwhile", [
    "Sync: Enqueued, then Duplicate of job 1",
    "Report: Enqueued, then Duplicate of job 2",
    "Index: Replaced, Replaced",
    "index berlin: 1, 2, 3"
  ])

  says("parents", "runs a job after those that it waits for", [
    "pending: it waits for 3 jobs to be completed: job 1 (scheduled), 2 (scheduled), 3 (scheduled)",
    "100 rows",
    "200 rows",
    "300 rows",
    "the report of May"
  ])

  says("explain", "says who holds the limit, and that a job is done", [
    "job 2 (LimitFull): the limit exports of 1 is full: held by job 1",
    "job 2 (Finished): it is completed"
  ])

  says("sleep", "runs what comes before a sleep once", [
    "ada: the trial begins",
    "ada: remind account 7",
    "ada: the trial of account 7 is over"
  ])
})
