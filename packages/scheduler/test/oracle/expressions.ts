/**
 * Two hundred expressions: those that people write, those that stand around clock changes, and random ones.
 */

const written = [
  "* * * * *",
  "*/5 * * * *",
  "*/15 * * * *",
  "*/30 * * * *",
  "0 * * * *",
  "30 * * * *",
  "0 */2 * * *",
  "0 */6 * * *",
  "15 */3 * * *",
  "*/20 1-4 * * *",
  "0-59/10 2 * * *",
  "* 2 * * *",
  "0 0 * * *",
  "0 1 * * *",
  "0 2 * * *",
  "15 2 * * *",
  "30 2 * * *",
  "45 1 * * *",
  "59 1 * * *",
  "0 3 * * *",
  "30 0 * * *",
  "59 23 * * *",
  "0,30 2 * * *",
  "0,15,30,45 0-3 * * *",
  "0 1,2,3 * * *",
  "5 0,1,2,3,4 * * *",
  "30 1 * * 0",
  "30 2 * * SUN",
  "0 9 * * 1-5",
  "0 9 * * MON-FRI",
  "0 0 1 * *",
  "0 2 L * *",
  "30 1 L-1 * *",
  "0 3 * * 0L",
  "0 2 * * SUN#1",
  "0 2 * * SUN#2",
  "30 1 * * 0#4",
  "0 2 29 3 *",
  "0 2 8-14 3 *",
  "0 2 1-7 11 *",
  "0 0 13 * 5",
  "0 12 13,29 * SUN",
  "0 2 */2 * *",
  "0 2 */2 * SUN",
  "0 2 ? * 6,0",
  "0 0 * 3,4,9,10,11 *",
  "0 0 * MAR-APR *",
  "30 2 25-31 3 SUN",
  "0 4 * * 7",
  "30 30 2 * * *",
  "0,30 0 2 * * *",
  "15 59 1 * * *",
  "*/20 0 3 * * *",
  "0 0 0 * * *",
  "10 */30 * * * *",
  "0 5/25 * * * *",
  "0 0-30/15 1-3 * * *"
]

/** A small generator of numbers, so that a seed says it all (mulberry32). */
export const random = (seed: number): () => number => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const generate = (unit: () => number): string => {
  const whole = (low: number, high: number) => low + Math.floor(unit() * (high - low + 1))
  const one = <A>(values: ReadonlyArray<A>): A => values[whole(0, values.length - 1)] as A
  const list = (low: number, high: number) => Array.from({ length: whole(1, 3) }, () => whole(low, high)).join(",")
  const range = (low: number, high: number) => {
    const from = whole(low, high)
    return `${from}-${whole(from, high)}`
  }
  const minute = one([
    () => list(0, 59),
    () => list(0, 59),
    () => `${range(0, 59)}/${whole(7, 30)}`,
    () => `*/${whole(7, 30)}`
  ])()
  const hour = one([() => list(0, 4), () => list(0, 23), () => range(0, 5), () => `*/${whole(2, 12)}`, () => "*"])()
  const day = one([() => "*", () => "*", () => list(1, 28), () => range(1, 28), () => "L", () => `*/${whole(2, 9)}`])()
  const month = one([() => "*", () => "*", () => list(1, 12), () => range(1, 12)])()
  const weekday = one([() => "*", () => "*", () => list(0, 7), () => range(0, 6), () => "0#2", () => "0L"])()
  const five = `${minute} ${hour} ${day} ${month} ${weekday}`
  return unit() < 0.2 ? `${list(0, 59)} ${five}` : five
}

const unit = random(20_261_122)

/** All of them. */
export const expressions: ReadonlyArray<string> = [
  ...written,
  ...Array.from({ length: 200 - written.length }, () => generate(unit))
]
