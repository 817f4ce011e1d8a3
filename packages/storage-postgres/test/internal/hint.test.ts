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

const unpack = (payload: string) => Hint.unpack(payload, "other")

const bytes = (text: string) => new TextEncoder().encode(text).length

const sent = (events: ReadonlyArray<Storage.StorageEvent>) =>
  new Set(events.map(Hint.encode).filter((line) => line !== null))

describe("hint", () => {
  it.prop("comes back from the payloads, each kind once", [Schema.Array(Event)], ([events]) => {
    const payloads = Hint.pack(sent(events), "sender")
    const lines = (list: ReadonlyArray<Storage.StorageEvent>) => list.map((event) => JSON.stringify(event)).toSorted()
    assert.deepStrictEqual(lines(payloads.flatMap(unpack)), [...new Set(lines(events))])
  })

  it("F38: keeps every payload below what the server takes, whatever the names are made of", () => {
    for (const letter of ["a", "é", "語", "🚚"]) {
      const queues = Array.from({ length: 400 }, (_, n) => `${n} ${letter.repeat(100)}`)
      const payloads = Hint.pack(new Set(queues.map((queue) => `a${queue}`)), "sender")
      assert.isTrue(payloads.every((payload) => bytes(payload) <= payloadBytesMax))
      assert.lengthOf(payloads.flatMap(unpack), 400)
      assert.isAtMost(payloads.length, Math.ceil((400 * (105 * bytes(letter) + 6)) / 7000) + 1)
    }
  })

  it("empties the set", () => {
    const hints = new Set(["s", "amail"])
    assert.lengthOf(Hint.pack(hints, "sender"), 1)
    assert.strictEqual(hints.size, 0)
    assert.deepStrictEqual(Hint.pack(hints, "sender"), [])
  })

  it("leaves out what no payload can carry", () => {
    assert.deepStrictEqual(Hint.pack(new Set([`a${"x".repeat(8000)}`, "atwo\nlines"]), "sender"), [])
    assert.deepStrictEqual(Hint.pack(new Set([`a${"x".repeat(8000)}`, "s"]), "sender"), ["psender\ns"])
  })

  it("sends neither what is finished nor that the stream began", () => {
    assert.isNull(Hint.encode({ _tag: "Connected" }))
    assert.isNull(Hint.encode({ _tag: "Finished", ids: [] }))
  })

  it("is not heard by who sent it, and by everybody else", () => {
    const [payload = ""] = Hint.pack(new Set(["amail"]), "sender")
    assert.deepStrictEqual(Hint.unpack(payload, "sender"), [])
    assert.deepStrictEqual(Hint.unpack(payload, "send"), [{ _tag: "Available", queue: "mail" }])
    assert.deepStrictEqual(Hint.unpack("amail", "sender"), [{ _tag: "Available", queue: "mail" }])
  })

  it("passes over lines of a later release", () => {
    assert.deepStrictEqual(unpack("znews\namail\n"), [{ _tag: "Available", queue: "mail" }])
    assert.deepStrictEqual(unpack(""), [])
  })
})
