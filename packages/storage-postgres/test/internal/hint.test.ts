import { assert, describe, it } from "@effect/vitest"
import type { Storage } from "@millrace/storage"
import { Schema } from "effect"
import * as Hint from "../../src/internal/hint.ts"

/** PostgreSQL refuses payloads of 8,000 bytes and more. */
const payloadBytesMax = 7999

const OneLine = Schema.String.check(Schema.isPattern(/^[^\n\ud800-\udfff]*$/))

const Event = Schema.Union([
  Schema.TaggedStruct("Available", { queue: OneLine }),
  Schema.TaggedStruct("CancelRequested", { workerId: OneLine }),
  Schema.TaggedStruct("Scheduled", {})
])

const bytes = (text: string) => new TextEncoder().encode(text).length

const sent = (events: ReadonlyArray<Storage.StorageEvent>) =>
  new Set(events.map(Hint.encode).filter((line) => line !== null))

describe("hint", () => {
  it.prop("comes back from the payloads, each kind once", [Schema.Array(Event)], ([events]) => {
    const payloads = Hint.pack(sent(events))
    const lines = (list: ReadonlyArray<Storage.StorageEvent>) => list.map((event) => JSON.stringify(event)).toSorted()
    assert.deepStrictEqual(lines(payloads.flatMap(Hint.unpack)), [...new Set(lines(events))])
  })

  it("F38: keeps every payload below what the server takes, whatever the names are made of", () => {
    for (const letter of ["a", "é", "語", "🚚"]) {
      const queues = Array.from({ length: 400 }, (_, n) => `${n} ${letter.repeat(100)}`)
      const payloads = Hint.pack(new Set(queues.map((queue) => `a${queue}`)))
      assert.isTrue(payloads.every((payload) => bytes(payload) <= payloadBytesMax))
      assert.lengthOf(payloads.flatMap(Hint.unpack), 400)
      assert.isAtMost(payloads.length, Math.ceil((400 * (105 * bytes(letter) + 6)) / 7000) + 1)
    }
  })

  it("empties the set", () => {
    const hints = new Set(["s", "amail"])
    assert.lengthOf(Hint.pack(hints), 1)
    assert.strictEqual(hints.size, 0)
    assert.deepStrictEqual(Hint.pack(hints), [])
  })

  it("leaves out what no payload can carry", () => {
    assert.deepStrictEqual(Hint.pack(new Set([`a${"x".repeat(8000)}`, "atwo\nlines"])), [])
    assert.deepStrictEqual(Hint.pack(new Set([`a${"x".repeat(8000)}`, "s"])), ["s"])
  })

  it("sends neither what is finished nor that the stream began", () => {
    assert.isNull(Hint.encode({ _tag: "Connected" }))
    assert.isNull(Hint.encode({ _tag: "Finished", ids: [] }))
  })

  it("passes over lines of a later release", () => {
    assert.deepStrictEqual(Hint.unpack("znews\namail\n"), [{ _tag: "Available", queue: "mail" }])
    assert.deepStrictEqual(Hint.unpack(""), [])
  })
})
