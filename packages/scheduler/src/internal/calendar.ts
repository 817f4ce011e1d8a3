/**
 * The proleptic Gregorian calendar as arithmetic, and the next local time that fits a pattern.
 *
 * A local time is a number of seconds since 1970-01-01T00:00:00 on the wall, without a time zone.
 */

/** The smallest allowed value at or after an index; -1 when there is none. */
export type Lookup = ReadonlyArray<number>

/** The `nth` such weekday of a month, 1 to 5, or the last one (-1). */
export interface NthWeekday {
  readonly weekday: number
  readonly nth: number
}

/** Which local times fit. `either`: a day fits by its day of the month or by its weekday, else it must by both. */
export interface Pattern {
  readonly seconds: Lookup
  readonly minutes: Lookup
  readonly hours: Lookup
  readonly months: Lookup
  readonly days: ReadonlySet<number>
  readonly fromLast: ReadonlyArray<number>
  readonly weekdays: ReadonlySet<number>
  readonly nthWeekdays: ReadonlyArray<NthWeekday>
  readonly either: boolean
}

/** Seconds of a day. */
export const daySeconds = 86_400

/** The last year that has instants. */
const yearMax = 9999

/** A table of the next value for each of `size` indexes. */
export const lookup = (values: ReadonlyArray<number>, size: number): Lookup => {
  const table: Array<number> = []
  for (let index = size; index >= 0; index--) {
    table[index] = values.includes(index) ? index : table[index + 1] ?? -1
  }
  return table
}

/** The next local time at or after `from` that fits; null when none does up to the year 9999. */
export const nextLocal = (pattern: Pattern, from: number): number | null => {
  const day = Math.floor(from / daySeconds)
  const time = nextTime(pattern, from - day * daySeconds)
  const date = civilOf(day)
  let { month, year } = date
  let first = time === -1 ? date.day + 1 : date.day
  let isToday = time !== -1
  for (;;) {
    // Shifting by 32 would shift by nothing.
    const mask = first <= 31 && pattern.months[month] === month ? daysOf(pattern, year, month) >>> first : 0
    if (mask !== 0) {
      const found = first + trailingZeros(mask)
      const start = isToday && found === date.day ? time : startOfDay(pattern)
      return daysFrom(year, month, found) * daySeconds + start
    }
    isToday = false
    first = 1
    month = pattern.months[month + 1] ?? -1
    if (month !== -1) continue
    month = pattern.months[1] ?? 1
    year += 1
    if (year > yearMax) return null
  }
}

/** Does any date fit? The calendar repeats itself after 400 years. */
export const isPossible = (pattern: Pattern): boolean => {
  for (let year = 2000; year < 2400; year++) {
    for (let month = pattern.months[1] ?? -1; month !== -1; month = pattern.months[month + 1] ?? -1) {
      if (daysOf(pattern, year, month) !== 0) return true
    }
  }
  return false
}

/** The days of a month that fit, as bits: bit 1 is the first. */
const daysOf = (pattern: Pattern, year: number, month: number): number => {
  const length = monthLength(year, month)
  const weekdayOfFirst = weekdayOf(daysFrom(year, month, 1))
  let mask = 0
  for (let day = 1; day <= length; day++) {
    const weekday = (weekdayOfFirst + day - 1) % 7
    const fitsDay = pattern.days.has(day) || pattern.fromLast.includes(length - day)
    const fitsWeekday = pattern.weekdays.has(weekday) || isNth(pattern.nthWeekdays, weekday, day, length)
    if (pattern.either ? fitsDay || fitsWeekday : fitsDay && fitsWeekday) mask += 2 ** day
  }
  return mask
}

const isNth = (nths: ReadonlyArray<NthWeekday>, weekday: number, day: number, length: number): boolean =>
  nths.some((one) => one.weekday === weekday && (one.nth === -1 ? day + 7 > length : Math.ceil(day / 7) === one.nth))

/** The next time of the day at or after `from`, in seconds; -1 when the day has none left. */
const nextTime = ({ hours, minutes, seconds }: Pattern, from: number): number => {
  const hour = Math.floor(from / 3600)
  const minute = Math.floor(from / 60) % 60
  if (hours[hour] === hour) {
    const second = minutes[minute] === minute ? seconds[from % 60] ?? -1 : -1
    if (second !== -1) return hour * 3600 + minute * 60 + second
    const laterMinute = minutes[minute + 1] ?? -1
    if (laterMinute !== -1) return hour * 3600 + laterMinute * 60 + (seconds[0] ?? 0)
  }
  const laterHour = hours[hour + 1] ?? -1
  return laterHour === -1 ? -1 : laterHour * 3600 + (minutes[0] ?? 0) * 60 + (seconds[0] ?? 0)
}

const startOfDay = ({ hours, minutes, seconds }: Pattern): number =>
  (hours[0] ?? 0) * 3600 + (minutes[0] ?? 0) * 60 + (seconds[0] ?? 0)

const trailingZeros = (mask: number): number => 31 - Math.clz32(mask & -mask)

/** 0 is Sunday; 1970-01-01 was a Thursday. */
const weekdayOf = (days: number): number => ((days + 4) % 7 + 7) % 7

const monthLength = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

/** Days since 1970-01-01. Years are counted from March, so that the leap day is the last of its year. */
const daysFrom = (year: number, month: number, day: number): number => {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

/** The date of so many days since 1970-01-01. */
const civilOf = (days: number): { readonly year: number; readonly month: number; readonly day: number } => {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}
