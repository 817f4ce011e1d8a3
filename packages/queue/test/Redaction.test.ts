import { assert, describe, it } from "@effect/vitest"
import { Storage } from "@millrace/storage/Storage"
import { Effect, Logger, Result, Schema, SchemaGetter } from "effect"
import * as Job from "../src/Job.ts"
import type { AnySchema } from "../src/JobDefinition.ts"
import * as JobRequest from "../src/JobRequest.ts"
import * as Queue from "../src/Queue.ts"
import * as Redaction from "../src/Redaction.ts"
import * as TestWorker from "./TestWorker.ts"

/** What must not be seen. */
const secret = "tulip"

const Secret = Schema.String.pipe(Redaction.redacted)

/** A payload of a schema as it is shown. */
const shown = (schema: AnySchema, payload: Schema.Json, version = 1): Schema.Json =>
  Redaction.payload(Job.make("Shown", { payload: schema }), payload, version)

interface Tree {
  readonly name: string
  readonly children: ReadonlyArray<Tree>
}

const Tree: Schema.Codec<Tree> = Schema.Struct({
  name: Secret,
  children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
})

class Card extends Schema.Class<Card>("Card")({ number: Secret, holder: Schema.String }) {}

const hidden = "<redacted>"

const cases: ReadonlyArray<readonly [what: string, schema: AnySchema, payload: Schema.Json, shown: Schema.Json]> = [
  ["a field", Schema.Struct({ a: Secret, b: Schema.String }), { a: secret, b: "b" }, { a: hidden, b: "b" }],
  ["by the annotation's key", Schema.Struct({ a: Schema.Int.annotate({ "millrace/redacted": true }) }), { a: 1 }, {
    a: hidden
  }],
  ["the whole payload", Secret, secret, hidden],
  [
    "nested structs",
    Schema.Struct({ a: Schema.Struct({ b: Schema.Struct({ c: Secret, d: Schema.Int }) }) }),
    { a: { b: { c: secret, d: 1 } } },
    { a: { b: { c: hidden, d: 1 } } }
  ],
  ["a whole struct", Schema.Struct({ a: Schema.Struct({ b: Schema.Int }).pipe(Redaction.redacted) }), { a: { b: 1 } }, {
    a: hidden
  }],
  ["arrays", Schema.Struct({ a: Schema.Array(Secret) }), { a: [secret, secret] }, { a: [hidden, hidden] }],
  ["arrays of structs", Schema.Array(Schema.Struct({ a: Secret, b: Schema.Int })), [{ a: secret, b: 1 }], [{
    a: hidden,
    b: 1
  }]],
  ["tuples", Schema.TupleWithRest(Schema.Tuple([Schema.String, Secret]), [Schema.Int]), ["a", secret, 1, 2], [
    "a",
    hidden,
    1,
    2
  ]],
  ["records", Schema.Record(Schema.String, Schema.Struct({ a: Secret })), { x: { a: secret }, y: { a: secret } }, {
    x: { a: hidden },
    y: { a: hidden }
  }],
  ["optional fields", Schema.Struct({ a: Schema.optional(Secret), b: Schema.optionalKey(Secret), c: Schema.Int }), {
    a: secret,
    b: secret,
    c: 1
  }, { a: hidden, b: hidden, c: 1 }],
  [
    "optional fields that are not there",
    Schema.Struct({ a: Schema.optional(Secret), b: Schema.optionalKey(Secret) }),
    {},
    {}
  ],
  [
    "a mark on an optional field",
    Schema.Struct({ a: Schema.optionalKey(Schema.String).pipe(Redaction.redacted) }),
    { a: secret },
    { a: hidden }
  ],
  ["a mark on a key", Schema.Struct({ a: Schema.String.annotateKey({ "millrace/redacted": true }) }), { a: secret }, {
    a: hidden
  }],
  ["fields with a default", Schema.Struct({ a: Secret.pipe(Schema.withDecodingDefaultKey(Effect.succeed("x"))) }), {
    a: secret
  }, { a: hidden }],
  ["what may be null", Schema.Struct({ a: Schema.NullOr(Secret) }), { a: secret }, { a: hidden }],
  [
    "members of a union",
    Schema.Struct({
      by: Schema.Union([
        Schema.Struct({ _tag: Schema.tag("card"), number: Secret }),
        Schema.Struct({ _tag: Schema.tag("bank"), iban: Secret, bank: Schema.String })
      ])
    }),
    { by: { _tag: "bank", iban: secret, bank: "B" } },
    { by: { _tag: "bank", iban: hidden, bank: "B" } }
  ],
  [
    "checks before the mark",
    Schema.Struct({ a: Schema.String.check(Schema.isMinLength(2)).pipe(Redaction.redacted) }),
    {
      a: secret
    },
    { a: hidden }
  ],
  ["checks after the mark", Schema.Struct({ a: Secret.check(Schema.isMinLength(2)) }), { a: secret }, { a: hidden }],
  ["brands", Schema.Struct({ a: Secret.pipe(Schema.brand("A")) }), { a: secret }, { a: hidden }],
  ["dates", Schema.Struct({ a: Schema.Date.pipe(Redaction.redacted) }), { a: "2026-01-01T00:00:00.000Z" }, {
    a: hidden
  }],
  ["transformed values", Schema.Struct({ a: Schema.NumberFromString.pipe(Redaction.redacted) }), { a: "1" }, {
    a: hidden
  }],
  [
    "what is transformed from it",
    Schema.Struct({
      a: Secret.pipe(Schema.decodeTo(Schema.String, {
        decode: SchemaGetter.transform((text: string) => text.toUpperCase()),
        encode: SchemaGetter.transform((text: string) => text)
      }))
    }),
    { a: secret },
    { a: hidden }
  ],
  ["renamed fields", Schema.Struct({ a: Secret, b: Schema.Int }).pipe(Schema.encodeKeys({ a: "z" })), {
    z: secret,
    b: 1
  }, { z: hidden, b: 1 }],
  [
    "everything of a text that holds hidden fields",
    Schema.Struct({ a: Schema.fromJsonString(Schema.Struct({ b: Secret })), c: Schema.Int }),
    { a: JSON.stringify({ b: secret }), c: 1 },
    { a: hidden, c: 1 }
  ],
  ["classes", Schema.Struct({ card: Card }), { card: { number: secret, holder: "Ada" } }, {
    card: { number: hidden, holder: "Ada" }
  }],
  ["options", Schema.Struct({ a: Schema.Option(Secret) }), { a: { _tag: "Some", value: secret } }, {
    a: { _tag: "Some", value: hidden }
  }],
  ["Schema.Redacted", Schema.Struct({ a: Schema.Redacted(Schema.String) }), { a: secret }, { a: hidden }],
  ["Schema.RedactedFromValue", Schema.Struct({ a: Schema.RedactedFromValue(Schema.String) }), { a: secret }, {
    a: hidden
  }],
  [
    "properties that the schema does not name, beside those that it names",
    Schema.Struct({
      card: Schema.optionalKey(Secret),
      way: Schema.NullOr(Schema.Union([Schema.Struct({ a: Schema.Int }), Schema.Struct({ b: Schema.Int })])),
      meta: Schema.Json,
      rest: Schema.Struct({}),
      more: Schema.Record(Schema.String, Schema.Int)
    }),
    { Card: secret, way: { a: 1, b: 2, c: secret }, meta: { a: { b: 1 } }, rest: { a: 1 }, more: { a: 1 } },
    { Card: hidden, way: { a: 1, b: 2, c: hidden }, meta: { a: { b: 1 } }, rest: { a: 1 }, more: { a: 1 } }
  ],
  ["records with hidden keys", Schema.Struct({ a: Schema.Record(Secret, Schema.Int), b: Schema.Int }), {
    a: { [secret]: 1 },
    b: 1
  }, { a: hidden, b: 1 }],
  ["recursive schemas", Tree, { name: secret, children: [{ name: secret, children: [] }] }, {
    name: hidden,
    children: [{ name: hidden, children: [] }]
  }]
]

describe("Redaction", () => {
  for (const [what, schema, payload, expected] of cases) {
    it(`hides ${what}`, () => {
      assert.deepStrictEqual(shown(schema, payload), expected)
    })
  }

  it("shows a schema without marks as it is, whether a value fits or not", () => {
    const schema = Schema.Struct({ a: Schema.String })
    assert.deepStrictEqual(shown(schema, { a: secret }), { a: secret })
    assert.deepStrictEqual(shown(schema, { b: 1 }), { b: 1 })
    assert.deepStrictEqual(shown(schema, { b: 1 }, 7), { b: 1 })
  })

  it("shows nothing of a value that does not fit, or of a version that nobody knows", () => {
    const schema = Schema.Struct({ a: Secret, b: Schema.Int })
    for (const misfit of [{ A: secret, b: 1 }, secret, [secret], { a: secret, b: "1" }]) {
      assert.strictEqual(shown(schema, misfit), hidden)
    }
    assert.strictEqual(shown(schema, { a: secret, b: 1 }, 2), hidden)
  })

  it("hides older versions by their own schemas, and whole where those hide nothing", () => {
    const Versioned = Job.make("Versioned", {
      payload: { card: Secret },
      version: 3,
      upcasters: {
        1: Job.upcaster({ number: Schema.String }, ({ number }) => ({ card: number })),
        2: Job.upcaster({ pan: Secret, at: Schema.Int }, ({ pan }) => ({ card: pan }))
      }
    })
    assert.strictEqual(Redaction.payload(Versioned, { number: secret }, 1), hidden)
    assert.deepStrictEqual(Redaction.payload(Versioned, { pan: secret, at: 1 }, 2), { pan: hidden, at: 1 })
    assert.deepStrictEqual(Redaction.payload(Versioned, { card: secret }, 3), { card: hidden })
  })

  it.effect("hides in results and in the data of errors", () =>
    Effect.gen(function*() {
      const Pay = Job.make("Pay", {
        payload: { n: Schema.Int },
        success: Schema.Struct({ code: Secret, ok: Schema.Boolean }),
        error: Schema.Struct({ _tag: Schema.tag("Declined"), card: Secret, why: Schema.String }),
        maxAttempts: 1
      })
      yield* TestWorker.start(Pay.toLayer(({ n }) =>
        n === 0
          ? Effect.succeed({ code: secret, ok: true })
          : Effect.fail({ _tag: "Declined" as const, card: secret, why: "limit" })
      ))
      const good = yield* Pay.enqueue({ n: 0 })
      const bad = yield* Pay.enqueue({ n: 1 })
      yield* TestWorker.settle
      const queue = yield* Queue.Queue
      const completed = Redaction.job(Pay, yield* queue.get(good.id))
      assert.deepStrictEqual(completed.result, { code: hidden, ok: true })
      const dead = Redaction.job(Pay, yield* queue.get(bad.id))
      assert.deepStrictEqual(dead.error?.data, { _tag: "Declined", card: hidden, why: "limit" })
      const [attempt] = yield* queue.history(bad.id)
      assert(attempt?.error !== undefined && attempt.error !== null)
      assert.deepStrictEqual(Redaction.failure(Pay, attempt.error).data, dead.error?.data)
    }).pipe(Effect.provide(TestWorker.layer())))

  for (
    const [what, error, thrown, message] of [
      [
        "an error without a message",
        Schema.Struct({ card: Secret, why: Schema.String }),
        { card: secret, why: "limit" },
        `{ card: "${hidden}", why: "limit" }`
      ],
      ["a text", Secret, secret, hidden],
      [
        "an error that does not fit",
        Schema.Struct({ card: Secret }),
        { pan: secret },
        "an error that hides what it holds"
      ]
    ] as const
  ) {
    it.effect(`outlines ${what} by what may be shown of it`, () =>
      Effect.gen(function*() {
        const Pay = Job.make("Pay", { payload: {}, error, maxAttempts: 1 })
        yield* TestWorker.start(Pay.toLayer(() => Effect.fail(thrown as never)))
        const { id } = yield* Pay.enqueue({})
        yield* TestWorker.settle
        assert.strictEqual((yield* Queue.Queue.use((queue) => queue.get(id))).error?.message, message)
      }).pipe(Effect.provide(TestWorker.layer())))
  }

  describe("of decode failures", () => {
    const talkative = Schema.makeFilter((text: string) => text.length < 3 || `${text} is too long`)
    const Loud = Job.make("Loud", {
      payload: {
        secrets: Schema.Record(Schema.String, Schema.Int).pipe(Redaction.redacted),
        word: Schema.String.check(talkative)
      },
      version: 2,
      upcasters: {
        1: Job.upcaster({ word: Secret }, ({ word }) => {
          throw new Error(`can not raise ${word}`)
        })
      }
    })

    it.effect("tells neither values nor keys in the error of a quarantined job, nor in the log", () =>
      Effect.gen(function*() {
        const lines: Array<unknown> = []
        const logger = Logger.make(({ message }) => void lines.push(message))
        const storage = yield* Storage
        yield* TestWorker.start(Loud.toLayer(() => Effect.void)).pipe(
          Effect.provideService(Logger.CurrentLoggers, new Set([logger]))
        )
        const template = Result.getOrThrow(JobRequest.fromPayload(Loud, { secrets: {}, word: "a" }))
        const results = yield* storage.insert([
          { ...template, payload: { secrets: { [secret]: secret }, word: "a" } },
          { ...template, payload: { secrets: {}, word: secret } },
          { ...template, payload: { word: secret }, version: 1 }
        ])
        yield* TestWorker.settle
        const { items } = yield* storage.list({ ids: results.map(({ id }) => id) })
        assert.deepStrictEqual(items.map(({ state }) => state), ["quarantined", "quarantined", "quarantined"])
        assert.deepStrictEqual(items.map(({ error }) => error?.message).toReversed(), [
          "The payload does not fit the job's schema at $.secrets: Expected number",
          "The payload does not fit the job's schema at $.word: Expected another value",
          "The payload does not fit the job's schema at $: the upcaster threw: it hides what it found"
        ])
        assert.isAtLeast(lines.length, 3)
        assert.notInclude(JSON.stringify(lines), secret)
      }).pipe(Effect.provide(TestWorker.layer())))

    it.effect("tells nothing that an older version hides and the present one does not", () =>
      Effect.gen(function*() {
        const Open = Job.make("Open", {
          payload: { word: Schema.String.check(talkative) },
          version: 2,
          upcasters: { 1: Job.upcaster({ pin: Secret }, ({ pin }) => ({ word: pin })) }
        })
        const storage = yield* Storage
        yield* TestWorker.start(Open.toLayer(() => Effect.void))
        const template = Result.getOrThrow(JobRequest.fromPayload(Open, { word: "a" }))
        const [inserted] = yield* storage.insert([{ ...template, payload: { pin: secret }, version: 1 }])
        assert(inserted !== undefined)
        yield* TestWorker.settle
        const record = yield* Queue.Queue.use((queue) => queue.get(inserted.id))
        assert.strictEqual(
          record.error?.message,
          "The payload does not fit the job's schema at $.word: it hides what it found"
        )
      }).pipe(Effect.provide(TestWorker.layer())))

    it.effect("tells nothing to who enqueues, either", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Loud.enqueue({ secrets: {}, word: secret }))
        assert.deepInclude(error, { _tag: "InvalidPayload", field: "$.word", detail: "Expected another value" })
      }).pipe(Effect.provide(TestWorker.layer())))
  })
})
