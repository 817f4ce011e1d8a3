/**
 * Cron expressions: parsed with the place of every mistake, and refused when no date ever fits.
 *
 * **The language**
 *
 * `minute hour day-of-month month day-of-week`, or six fields with the seconds first. A field is a list of `*`, a value,
 * a range `a-b`, each with a step `/n` (`a/n` runs to the end of the field). Names `jan`–`dec` and `sun`–`sat` in any
 * case; Sunday is 0 and 7. Day-of-month also takes `L` (the last day) and `L-n` (n days before it); day-of-week takes
 * `5L` (the last Friday) and `5#2` (the second Friday). `?` means `*`. `@hourly`, `@daily`, `@midnight`, `@weekly`,
 * `@monthly`, `@yearly` and `@annually` stand for what they say.
 *
 * **Days**
 *
 * When neither day field begins with `*`, a day that fits either counts (`0 0 13 * 5`: every 13th and every Friday).
 * When one of them does, a day must fit both. This is the rule of cron since Vixie.
 *
 * **Clock changes**
 *
 * An expression whose minute or hour begins with `*` is an interval (`isInterval`): it fires whenever the clock shows a
 * time that fits, so that it keeps its rhythm through a repeated hour. Any other one means times of the day: each fires
 * once, a repeated one when it comes first, a skipped one when the gap ends.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Calendar from "./internal/calendar.ts"
import * as CronField from "./internal/cronField.ts"
import { InvalidSchedule } from "./ScheduleError.ts"

/**
 * A parsed expression: which times of the day and which days fit, and whether it is an interval.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface CronExpression extends Calendar.Pattern {
  readonly text: string
  readonly isInterval: boolean
}

/**
 * Longest expression, in characters: 256.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const lengthMax = 256

/**
 * Parses an expression.
 *
 * **Errors**
 *
 * `InvalidSchedule` with field `cron` and the position of the mistake, also when no date ever fits (`0 0 30 2 *`).
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const parse = (text: string): Result.Result<CronExpression, InvalidSchedule> => {
  if (typeof text !== "string") return refuse(null, `expected text, found ${typeof text}`)
  if (text.length > lengthMax) return refuse(lengthMax, `longer than ${lengthMax} characters`)
  const macro = macros.get(text.trim().toLowerCase())
  const words = CronField.words(macro ?? text)
  const first = words[0]
  if (first?.text.startsWith("@") === true) return refuse(first.position, `unknown ${first.text}: ${knownMacros}`)
  if (words.length !== 5 && words.length !== 6) {
    return refuse(text.length, `expected 5 or 6 fields, found ${words.length}`)
  }
  return compile(text, words.length === 5 ? [midSecond, ...words] : words)
}

const macros = new Map([
  ["@hourly", "0 * * * *"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@weekly", "0 0 * * 0"],
  ["@monthly", "0 0 1 * *"],
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"]
])

const knownMacros = `expected one of ${[...macros.keys()].join(", ")}`

/** The second of an expression without seconds. */
const midSecond: CronField.Word = { text: "0", position: 0 }

const compile = (
  text: string,
  words: ReadonlyArray<CronField.Word>
): Result.Result<CronExpression, InvalidSchedule> => {
  const [second, minute, hour, day, month, weekday] = words
  if (
    second === undefined || minute === undefined || hour === undefined || day === undefined || month === undefined
    || weekday === undefined
  ) return refuse(text.length, `expected 5 or 6 fields, found ${words.length}`)
  const fields = Result.all({
    seconds: CronField.parse(second, CronField.second),
    minutes: CronField.parse(minute, CronField.minute),
    hours: CronField.parse(hour, CronField.hour),
    days: CronField.parse(day, CronField.day),
    months: CronField.parse(month, CronField.month),
    weekdays: CronField.parse(weekday, CronField.weekday)
  })
  if (Result.isFailure(fields)) return refuse(fields.failure.position, fields.failure.detail)
  const { days, hours, minutes, months, seconds, weekdays } = fields.success
  const pattern: Calendar.Pattern = {
    seconds: Calendar.lookup(seconds.values, 60),
    minutes: Calendar.lookup(minutes.values, 60),
    hours: Calendar.lookup(hours.values, 24),
    months: Calendar.lookup(months.values, 13),
    days: new Set(days.values),
    fromLast: days.fromLast,
    weekdays: new Set(weekdays.values.map((value) => value % 7)),
    nthWeekdays: weekdays.nth,
    either: !days.isStar && !weekdays.isStar
  }
  if (!Calendar.isPossible(pattern)) {
    return refuse(day.position, `no date ever fits day ${day.text} of month ${month.text}`)
  }
  return Result.succeed({ text, isInterval: minutes.isStar || hours.isStar, ...pattern })
}

const refuse = (position: number | null, detail: string): Result.Result<never, InvalidSchedule> =>
  Result.fail(new InvalidSchedule({ field: "cron", position, detail }))
