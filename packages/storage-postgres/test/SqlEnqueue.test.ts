import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import type { Storage } from "@millrace/storage"
import { JobId } from "@millrace/storage"
import { Effect, Stream } from "effect"
import * as LiveDatabase from "./support/liveDatabase.ts"

const enqueue = (args: string) =>
  PgClient.PgClient.use((sql) =>
    Effect.map(sql.unsafe<{ id: bigint }>(`select millrace.enqueue(${args}) as id`), ([row]) => String(row?.id))
  )

const refusal = (args: string) => Effect.map(Effect.flip(enqueue(args)), (error) => String(error.reason.cause))

const read = Effect.fnUntraced(function*(live: LiveDatabase.Live, id: string) {
  const [record] = (yield* live.storage.list({ ids: [JobId.makeUnsafe(id)] })).items
  assert(record !== undefined, `no job ${id}`)
  return record
})

layer(LiveDatabase.layer, { excludeTestServices: true, timeout: 60_000 })("millrace.enqueue", (it) => {
  it.effect("stores a job with the library's defaults, and counts it", () =>
    Effect.gen(function*() {
      const live = yield* LiveDatabase.live()
      const id = yield* enqueue(`'SendMail', '{"to":"ada"}'`)
      assert.deepInclude(yield* read(live, id), {
        name: "SendMail",
        state: "available",
        queue: "default",
        tenant: "",
        priority: 50,
        payload: { to: "ada" },
        maxAttempts: 25,
        timeoutMillis: null,
        tags: [],
        version: 1
      })
      yield* LiveDatabase.assertCounts(live)
    }))

  it.effect("takes every argument by name", () =>
    Effect.gen(function*() {
      const live = yield* LiveDatabase.live()
      const id = yield* enqueue(`'Later', '[1]'::jsonb, queue => 'q', tenant => 't', priority => 7,
        delay => interval '1 hour', unique_key => 'k', max_attempts => 3, timeout => interval '1.5 seconds',
        tags => '{a,b}', version => 2`)
      const record = yield* read(live, id)
      assert.deepInclude(record, {
        state: "scheduled",
        queue: "q",
        tenant: "t",
        priority: 7,
        maxAttempts: 3,
        timeoutMillis: 1500,
        tags: ["a", "b"],
        version: 2
      })
      assert.strictEqual(record.runAt.epochMilliseconds - record.createdAt.epochMilliseconds, 3_600_000)
      const past = yield* enqueue(`'Past', run_at => '2001-01-01Z'`)
      assert.strictEqual((yield* read(live, past)).state, "available")
      yield* LiveDatabase.assertCounts(live)
    }))

  it.effect("shares unique keys with the library, also when colons are in the names", () =>
    Effect.gen(function*() {
      const first = yield* enqueue(`'a:b', unique_key => 'k%', tenant => 't:u'`)
      assert.strictEqual(yield* enqueue(`'a:b', unique_key => 'k%', tenant => 't:u'`), first)
      assert.notStrictEqual(yield* enqueue(`'a', unique_key => 'b:k%', tenant => 't:u'`), first)
      const sql = yield* PgClient.PgClient
      const [row] = yield* sql<{ key: string }>`select key from millrace.unique_key where job_id = ${first}::bigint`
      assert.strictEqual(row?.key, "a%3Ab:t%3Au:k%")
    }))

  it.effect("works in a trigger, as part of its transaction, and wakes workers at the commit", () =>
    Effect.gen(function*() {
      const live = yield* LiveDatabase.live()
      const sql = yield* PgClient.PgClient
      yield* sql.unsafe("create table customer (id int)")
      yield* sql.unsafe(`create function greet() returns trigger language plpgsql as $$ begin
        perform millrace.enqueue('Greet', jsonb_build_object('id', new.id), queue => 'greetings');
        return new; end $$`)
      yield* sql.unsafe("create trigger greet after insert on customer for each row execute function greet()")
      yield* Effect.exit(sql.withTransaction(Effect.andThen(
        sql.unsafe("insert into customer values (1)"),
        Effect.fail("rolled back")
      )))
      assert.deepStrictEqual((yield* live.storage.list({ names: ["Greet"] })).items, [])
      const isConnected = (event: Storage.StorageEvent) => event._tag === "Connected"
      const heard = yield* live.storage.events.pipe(
        Stream.tap((event) =>
          isConnected(event) ? Effect.asVoid(sql.unsafe("insert into customer values (2)")) : Effect.void
        ),
        Stream.filter((event) => event._tag === "Available" && event.queue === "greetings"),
        Stream.runHead
      )
      assert.strictEqual(heard._tag, "Some")
      assert.deepStrictEqual((yield* live.storage.list({ names: ["Greet"] })).items.map(({ payload }) => payload), [
        { id: 2 }
      ])
    }))

  it.effect("refuses what the library refuses, and names the field", () =>
    Effect.gen(function*() {
      const nested = (levels: number) => `'${"[".repeat(levels)}${"]".repeat(levels)}'::jsonb`
      const cases: ReadonlyArray<readonly [string, string]> = [
        [`''`, "name: expected at least one character"],
        [`null`, "name: expected at least one character"],
        [`repeat('x', 256)`, "name: longer than 255"],
        [`repeat(U&'\\+01F600', 128)`, "name: longer than 255"],
        [`E'a\\nb'`, "name: holds a control character"],
        [`U&'a\\0085b'`, "name: holds a control character"],
        [`'J', null::jsonb`, "payload: expected JSON"],
        [`'J', to_jsonb(repeat('x', 1048576))`, "payload: larger than 1 MiB"],
        [`'J', ${nested(101)}`, "payload: nested deeper"],
        [`'J', queue => ''`, "queue: expected at least one character"],
        [`'J', tenant => repeat('t', 256)`, "tenant: longer"],
        [`'J', priority => 101`, "priority: expected"],
        [`'J', priority => -1`, "priority: expected"],
        [`'J', max_attempts => 0`, "max_attempts: expected"],
        [`'J', version => 0`, "version: expected"],
        [`'J', delay => interval '-1 second'`, "delay: expected"],
        [`'J', delay => interval '1 second', run_at => now()`, "run_at: run_at and delay exclude"],
        [`'J', run_at => 'infinity'`, "run_at: expected"],
        [`'J', timeout => interval '0'`, "timeout: expected"],
        [`'J', unique_key => ''`, "unique_key: expected"],
        [`'J', tags => array_fill('t'::text, array[33])`, "tags: expected at most 32"],
        [`'J', tags => array['']`, "tags: expected at least one character"],
        [`'J', tags => array[null]::text[]`, "tags: expected at least one character"]
      ]
      for (const [args, message] of cases) assert.include(yield* refusal(args), message, args)
      yield* enqueue(`'J', ${nested(100)}`)
      yield* enqueue(`'J', '{"text":"[[[[ \\" {{{{","more":[{},[],"]"]}'`)
      yield* enqueue(`repeat(U&'\\+01F600', 127)`)
    }))

  it.effect("F71: takes names with quotes and SQL in them as names", () =>
    Effect.gen(function*() {
      const live = yield* LiveDatabase.live()
      const id = yield* enqueue(`'"; drop table millrace.ready; --', queue => $q$q'"; select 1$q$`)
      assert.deepInclude(yield* read(live, id), { name: `"; drop table millrace.ready; --`, queue: `q'"; select 1` })
    }))
})
