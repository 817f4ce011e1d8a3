/**
 * One field of a cron expression: the values it allows, or what is wrong with it and where.
 */
import * as Result from "effect/Result"
import type { NthWeekday } from "./calendar.ts"

/** A word of the expression and where it begins. */
export interface Word {
  readonly text: string
  readonly position: number
}

/** What is wrong, and where. */
export interface Mistake {
  readonly position: number
  readonly detail: string
}

/** Which values a field may have. `extra` names the letters that it takes beside them. */
export interface Kind {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly names: ReadonlyArray<string>
  readonly extra: "none" | "day" | "weekday"
}

/** A parsed field. `isStar`: it begins with `*` or `?`. `fromLast`: days before the last one of the month. */
export interface Field {
  readonly values: ReadonlyArray<number>
  readonly fromLast: ReadonlyArray<number>
  readonly nth: ReadonlyArray<NthWeekday>
  readonly isStar: boolean
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

export const second: Kind = { name: "second", min: 0, max: 59, names: [], extra: "none" }
export const minute: Kind = { name: "minute", min: 0, max: 59, names: [], extra: "none" }
export const hour: Kind = { name: "hour", min: 0, max: 23, names: [], extra: "none" }
export const day: Kind = { name: "day of the month", min: 1, max: 31, names: [], extra: "day" }
export const month: Kind = { name: "month", min: 1, max: 12, names: months, extra: "none" }
export const weekday: Kind = { name: "day of the week", min: 0, max: 7, names: weekdays, extra: "weekday" }

/** The words of an expression. */
export const words = (text: string): ReadonlyArray<Word> =>
  [...text.matchAll(/\S+/g)].map((match) => ({ text: match[0], position: match.index }))

/** Parses a field: a list of items. */
export const parse = (word: Word, kind: Kind): Result.Result<Field, Mistake> =>
  Result.map(Result.all(split(word, ",").map((item) => parseItem(item, kind))), (items) => ({
    values: items.flatMap(({ values }) => values),
    fromLast: items.flatMap(({ fromLast }) => fromLast),
    nth: items.flatMap(({ nth }) => nth),
    isStar: /^[*?]/.test(word.text)
  }))

/** What one item allows. */
type Item = Omit<Field, "isStar">

const parseItem = (item: Word, kind: Kind): Result.Result<Item, Mistake> => {
  if (item.text === "") return fail(item.position, `expected ${kind.name} ${kind.min} to ${kind.max}, found nothing`)
  const special = parseSpecial(item, kind)
  if (special !== null) return special
  const [range = item, step, ...more] = split(item, "/")
  if (more[0] !== undefined) return fail(more[0].position - 1, "expected one step")
  return Result.gen(function*() {
    const every = step === undefined ? 1 : yield* parseStep(step, kind)
    const [from, to] = yield* parseRange(range, kind, step !== undefined)
    const values: Array<number> = []
    for (let value = from; value <= to; value += every) values.push(value)
    return { values, fromLast: [], nth: [] }
  })
}

/** `L`, `L-3`, `5L`, `5#2`: null for anything else. */
const parseSpecial = (item: Word, kind: Kind): Result.Result<Item, Mistake> | null => {
  const last = /^L(?:-(\d+))?$/i.exec(item.text)
  if (last !== null && kind.extra === "day") {
    const before = Number(last[1] ?? 0)
    return before <= 30
      ? Result.succeed({ values: [], fromLast: [before], nth: [] })
      : fail(item.position + 2, "expected 0 to 30 days before the last one")
  }
  const nth = /^([^L#]+)(?:L|#(.*))$/i.exec(item.text)
  if (nth === null || kind.extra !== "weekday") return null
  const value = { text: nth[1] ?? "", position: item.position }
  return Result.gen(function*() {
    const weekday = (yield* parseValue(value, kind)) % 7
    if (nth[2] === undefined) return { values: [], fromLast: [], nth: [{ weekday, nth: -1 }] }
    if (!/^[1-5]$/.test(nth[2])) {
      return yield* fail(value.position + value.text.length + 1, "expected 1 to 5 after #")
    }
    return { values: [], fromLast: [], nth: [{ weekday, nth: Number(nth[2]) }] }
  })
}

const parseStep = (step: Word, kind: Kind): Result.Result<number, Mistake> => {
  const value = /^\d{1,4}$/.test(step.text) ? Number(step.text) : 0
  return value >= 1 && value <= kind.max
    ? Result.succeed(value)
    : fail(step.position, `expected a step from 1 to ${kind.max}, found ${quote(step.text)}`)
}

const parseRange = (
  range: Word,
  kind: Kind,
  hasStep: boolean
): Result.Result<readonly [from: number, to: number], Mistake> => {
  // Sunday is 0 and 7: a star must not count it twice.
  if (range.text === "*" || range.text === "?") return Result.succeed([kind.min, kind === weekday ? 6 : kind.max])
  const [from = range, to, ...more] = split(range, "-")
  if (more[0] !== undefined) return fail(more[0].position - 1, "expected one range")
  return Result.gen(function*() {
    const first = yield* parseValue(from, kind)
    if (to === undefined) return [first, hasStep ? (kind === weekday ? 6 : kind.max) : first] as const
    const given = yield* parseValue(to, kind)
    const last = kind === weekday && given === 0 && first > 0 ? 7 : given
    if (last < first) return yield* fail(to.position, `the range ends before it begins: ${quote(range.text)}`)
    return [first, last] as const
  })
}

const parseValue = (word: Word, kind: Kind): Result.Result<number, Mistake> => {
  const index = kind.names.indexOf(word.text.toLowerCase())
  if (index !== -1) return Result.succeed(index + kind.min)
  const value = /^\d{1,4}$/.test(word.text) ? Number(word.text) : Number.NaN
  return value >= kind.min && value <= kind.max
    ? Result.succeed(value)
    : fail(word.position, `expected ${kind.name} ${kind.min} to ${kind.max}, found ${quote(word.text)}`)
}

/** The parts between separators, each with its place. */
const split = (word: Word, separator: string): ReadonlyArray<Word> => {
  let position = word.position
  return word.text.split(separator).map((text) => {
    const part = { text, position }
    position += text.length + 1
    return part
  })
}

const quote = (text: string): string => JSON.stringify(text)

const fail = (position: number, detail: string): Result.Result<never, Mistake> => Result.fail({ position, detail })
