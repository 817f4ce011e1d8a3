import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Backoff from "../src/Backoff.ts"
import * as Jitter from "../src/Jitter.ts"

const FailureNumber = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 400 }))
const GrowingCurve = Schema.Union([Backoff.Fixed, Backoff.Linear, Backoff.Exponential])

const inputOf = (curve: Backoff.Backoff, capMillis: number, seed: string, failures: number): Jitter.Input => ({
  seed,
  failures,
  capMillis,
  curveMillis: (n) => Math.min(capMillis, Backoff.delayMillis(curve, n))
})

const constant = (delay: number, seed: string, failures = 1): Jitter.Input => ({
  seed,
  failures,
  capMillis: delay,
  curveMillis: () => delay
})

const jobIds = (count: number) =>
  Array.from({ length: count }, (_, index) => `01939f4e-7c1a-7000-8000-${index.toString(16).padStart(12, "0")}`)

/** How many of the fractions fall into each of 20 equal parts of [0, 1). */
const histogram = (fractions: ReadonlyArray<number>) => {
  const counts = Array.from({ length: 20 }, () => 0)
  for (const fraction of fractions) counts[Math.floor(fraction * 20)] = (counts[Math.floor(fraction * 20)] ?? 0) + 1
  return counts
}

describe("Jitter.fraction", () => {
  it("keeps its values between releases", () => {
    // Computed by a second implementation of the published formulas, in another language.
    const expected: ReadonlyArray<readonly [string, number, number]> = [
      ["", 1, 164_558_732],
      ["a", 2, 3_503_373_935],
      ["foobar", 3, 3_094_713_867],
      ["01939f4e-7c1a-7000-8000-000000000001", 1, 956_797_153],
      ["01939f4e-7c1a-7000-8000-000000000001", 25, 2_387_652_340]
    ]
    for (const [seed, failures, bits] of expected) assert.strictEqual(Jitter.fraction(seed, failures) * 2 ** 32, bits)
  })

  it("F54: spreads jobs with neighbouring ids evenly", () => {
    for (const failures of [1, 2, 25]) {
      const counts = histogram(jobIds(20_000).map((id) => Jitter.fraction(id, failures)))
      // 1,000 expected in each part; the standard deviation is 31.
      for (const count of counts) assert.isTrue(count > 850 && count < 1150, counts.join(" "))
    }
  })

  it("spreads the failures of one job evenly", () => {
    const counts = histogram(Array.from({ length: 20_000 }, (_, index) => Jitter.fraction("job", index + 1)))
    for (const count of counts) assert.isTrue(count > 850 && count < 1150, counts.join(" "))
  })
})

describe("Jitter.delayMillis", () => {
  it("none leaves the curve as it is", () => {
    assert.strictEqual(Jitter.delayMillis("none", constant(1234, "job")), 1234)
  })

  it("full reaches both 0 and the whole delay", () => {
    const delays = new Set(jobIds(200).map((id) => Jitter.delayMillis("full", constant(3, id))))
    assert.deepStrictEqual([...delays].toSorted((a, b) => a - b), [0, 1, 2, 3])
  })

  it("equal reaches both half the delay and the whole delay", () => {
    const delays = new Set(jobIds(200).map((id) => Jitter.delayMillis("equal", constant(5, id))))
    assert.deepStrictEqual([...delays].toSorted((a, b) => a - b), [3, 4, 5])
  })

  it.effect.prop(
    "stays within the bounds of its kind and below the cap",
    { curve: GrowingCurve, cap: Backoff.Millis, seed: Schema.String, n: FailureNumber },
    ({ curve, cap, seed, n }) =>
      Effect.sync(() => {
        const input = inputOf(curve, cap, seed, n)
        const whole = input.curveMillis(n)
        const bounds = {
          none: [whole, whole],
          full: [0, whole],
          equal: [whole / 2, whole],
          decorrelated: [Math.min(input.curveMillis(1), cap), Math.min(3 * whole, cap)]
        } as const
        for (const jitter of Jitter.Jitter.literals) {
          const delay = Jitter.delayMillis(jitter, input)
          const [least, most] = bounds[jitter]
          assert.isTrue(Number.isInteger(delay) && delay >= least && delay <= most, `${jitter} ${delay}`)
        }
      })
  )

  it.effect.prop(
    "decorrelated lies between the first delay and three times the delay before",
    { base: Backoff.Millis, cap: Backoff.Millis, seed: Schema.String },
    ({ base, cap, seed }) =>
      Effect.sync(() => {
        const curve = { _tag: "Exponential", baseMillis: base, factor: 2 } as const
        const first = Math.min(base, cap)
        let previous = first
        for (let n = 1; n <= Jitter.replayLimit; n++) {
          const delay = Jitter.delayMillis("decorrelated", inputOf(curve, cap, seed, n))
          assert.isTrue(delay >= first && delay <= Math.min(cap, 3 * previous), `${delay} after ${previous}`)
          previous = delay
        }
      })
  )

  it.effect.prop(
    "decorrelated draws anew at every failure, from the seed and that failure's number",
    { base: Backoff.Millis, cap: Backoff.Millis, seed: Schema.String },
    ({ base, cap, seed }) =>
      Effect.sync(() => {
        const curve = { _tag: "Exponential", baseMillis: base, factor: 4 } as const
        // Steeper than three times: here the formula is the published one, without our bound.
        const least = Math.min(base, cap)
        let expected = least
        for (let n = 1; n <= 20; n++) {
          const most = Math.min(cap, 3 * expected)
          expected = least + Math.floor(Jitter.fraction(seed, n) * (most - least + 1))
          assert.strictEqual(Jitter.delayMillis("decorrelated", inputOf(curve, cap, seed, n)), expected)
        }
      })
  )

  it("decorrelated grows from the base to the cap and keeps moving there", () => {
    const curve = { _tag: "Exponential", baseMillis: 1000, factor: 2 } as const
    const late = jobIds(200).map((id) => Jitter.delayMillis("decorrelated", inputOf(curve, 300_000, id, 1000)))
    assert.isAbove(Math.max(...late), 290_000)
    assert.isAbove(late.reduce((sum, delay) => sum + delay, 0) / late.length, 60_000)
    assert.isAbove(new Set(late).size, 100)
  })

  it("decorrelated leaves a curve that starts at 0", () => {
    const curve = { _tag: "Linear", baseMillis: 0, stepMillis: 10_000 } as const
    assert.strictEqual(Jitter.delayMillis("decorrelated", inputOf(curve, 1e9, "job", 1)), 0)
    assert.isAbove(Jitter.delayMillis("decorrelated", inputOf(curve, 1e9, "job", 5)), 0)
  })

  it("decorrelated replays a bounded number of failures", () => {
    let calls = 0
    const input = { seed: "job", capMillis: 1e6, curveMillis: () => (calls++, 1000) }
    for (const failures of [5000, Number.MAX_SAFE_INTEGER, Infinity]) {
      calls = 0
      Jitter.delayMillis("decorrelated", { ...input, failures })
      assert.isAtMost(calls, Jitter.replayLimit + 2)
    }
  })
})

describe("Jitter.toldMillis", () => {
  it("keeps a told delay to the millisecond without jitter", () => {
    assert.strictEqual(Jitter.toldMillis("none", 60_000, "job", 1), 60_000)
    assert.strictEqual(Jitter.toldMillis("none", 0.2, "job", 1), 1)
  })

  it("spreads a told delay over the 20 % after it", () => {
    const told = jobIds(1000).map((id) => Jitter.toldMillis("full", 60_000, id, 1))
    assert.isAtLeast(Math.min(...told), 60_000)
    assert.isAtMost(Math.max(...told), 72_000)
    assert.isAbove(Math.max(...told) - Math.min(...told), 11_500)
    assert.isAbove(new Set(told).size, 900)
  })

  it("is at most 365 days", () => {
    for (const jitter of Jitter.Jitter.literals) {
      assert.strictEqual(Jitter.toldMillis(jitter, Infinity, "job", 1), Backoff.maxDelayMillis)
    }
  })
})
