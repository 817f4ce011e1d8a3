/**
 * What a cron expression means, found by looking: every minute of a window is shown to `Intl`, and every field of the
 * expression is asked whether it likes what the wall says. Shares nothing with the sources: no parser, no arithmetic of
 * calendars, no table of offsets.
 */

const minuteMillis = 60_000

/** A window of instants as the walls of a zone show them. */
export interface Window {
  readonly fromMillis: number
  readonly toMillis: number
  /** For each minute: which of `dates`, the minute of the day, and whether the wall showed this before. */
  readonly date: Uint16Array
  readonly minute: Uint16Array
  readonly isRepeated: Uint8Array
  readonly dates: ReadonlyArray<string>
  /** Minutes that the wall never showed, with the instant at which it went on. */
  readonly skipped: ReadonlyArray<{ readonly date: number; readonly minute: number; readonly endMillis: number }>
}

/** A wall in a zone: `2026-03-29 03:00`. */
const wallOf = (timeZone: string): (millis: number) => string => {
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit"
  })
  return (millis) => format.format(millis)
}

/** A wall's text as if it were UTC, in milliseconds. */
const naive = (wall: string): number => Date.parse(`${wall.replace(" ", "T")}:00Z`)

/** Every clock change of a zone between two instants: the first minute with another offset. */
export const changesOf = (timeZone: string, fromMillis: number, toMillis: number): ReadonlyArray<number> => {
  const wall = wallOf(timeZone)
  const offset = (millis: number) => naive(wall(millis)) - millis
  const changes: Array<number> = []
  const step = 86_400_000
  let before = offset(fromMillis)
  for (let at = fromMillis + step; at <= toMillis; at += step) {
    if (offset(at) === before) continue
    let low = at - step
    let high = at
    while (high - low > minuteMillis) {
      const middle = low + Math.floor((high - low) / (2 * minuteMillis)) * minuteMillis
      if (offset(middle) === before) low = middle
      else high = middle
    }
    changes.push(high)
    before = offset(at)
  }
  return changes
}

/** Looks at every minute of a window. */
export const look = (timeZone: string, fromMillis: number, toMillis: number): Window => {
  const wall = wallOf(timeZone)
  const count = (toMillis - fromMillis) / minuteMillis
  const dates: Array<string> = []
  const skipped: Array<{ date: number; minute: number; endMillis: number }> = []
  const date = new Uint16Array(count)
  const minute = new Uint16Array(count)
  const isRepeated = new Uint8Array(count)
  const indexOf = (text: string): number => {
    const known = dates.indexOf(text)
    return known === -1 ? dates.push(text) - 1 : known
  }
  let latest = Number.NaN
  for (let index = 0; index < count; index++) {
    const text = wall(fromMillis + index * minuteMillis)
    const shown = naive(text)
    date[index] = indexOf(text.slice(0, 10))
    minute[index] = Number(text.slice(11, 13)) * 60 + Number(text.slice(14, 16))
    isRepeated[index] = shown <= latest ? 1 : 0
    for (let missing = latest + minuteMillis; missing < shown; missing += minuteMillis) {
      const iso = new Date(missing).toISOString()
      skipped.push({
        date: indexOf(iso.slice(0, 10)),
        minute: Number(iso.slice(11, 13)) * 60 + Number(iso.slice(14, 16)),
        endMillis: fromMillis + index * minuteMillis
      })
    }
    latest = Number.isNaN(latest) ? shown : Math.max(latest, shown)
  }
  return { fromMillis, toMillis, date, minute, isRepeated, dates, skipped }
}

const monthNames = ["", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
const dayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]

/** Does one item of a list like a number? */
const itemLikes = (item: string, value: number, low: number, high: number, names: ReadonlyArray<string>): boolean => {
  const [range = "", step = "1"] = item.split("/")
  const number = (text: string) =>
    names.indexOf(text.toUpperCase()) >= 0 ? names.indexOf(text.toUpperCase()) : Number(text)
  const [first = "", last] = range.split("-")
  const from = range === "*" || range === "?" ? low : number(first)
  const to = range === "*" || range === "?"
    ? high
    : last === undefined
    ? (item.includes("/") ? high : from)
    : number(last)
  return value >= from && value <= to && (value - from) % Number(step) === 0
}

const likes = (field: string, value: number, low: number, high: number, names: ReadonlyArray<string> = []): boolean =>
  field.split(",").some((item) => itemLikes(item, value, low, high, names))

const dayLikes = (field: string, date: Date): boolean => {
  const day = date.getUTCDate()
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  return field.split(",").some((item) =>
    item.startsWith("L") ? day === last - Number(item.slice(2) || 0) : itemLikes(item, day, 1, 31, [])
  )
}

const weekdayLikes = (field: string, date: Date): boolean => {
  const weekday = date.getUTCDay()
  const inMonth = (days: number) => new Date(date.getTime() + days * 86_400_000).getUTCMonth() === date.getUTCMonth()
  const nth = Math.floor((date.getUTCDate() - 1) / 7) + 1
  return field.split(",").some((item) => {
    if (item.endsWith("L")) return likes(item.slice(0, -1), weekday, 0, 6, dayNames) && !inMonth(7)
    const [day = "", which] = item.split("#")
    if (which !== undefined) return likes(day, weekday, 0, 6, dayNames) && nth === Number(which)
    return itemLikes(item, weekday, 0, 6, dayNames) || (weekday === 0 && itemLikes(item, 7, 0, 7, dayNames))
  })
}

const knownMinutes = new Map<string, ReadonlyArray<boolean>>()

/** Which of the 1440 minutes of a day the hour and the minute like; asked once. */
const minutesOf = (hour: string, minute: string): ReadonlyArray<boolean> => {
  const key = `${hour} ${minute}`
  const known = knownMinutes.get(key) ?? Array.from(
    { length: 1440 },
    (_, index) => likes(hour, Math.floor(index / 60), 0, 23) && likes(minute, index % 60, 0, 59)
  )
  knownMinutes.set(key, known)
  return known
}

/** The instants of an expression within a window, by the rule of the guide. */
export const instantsOf = (text: string, window: Window): ReadonlyArray<number> => {
  const words = text.split(" ")
  const [second = "0", minute = "", hour = "", day = "", month = "", weekday = ""] = words.length === 6
    ? words
    : ["0", ...words]
  const isInterval = "*?".includes(minute.charAt(0)) || "*?".includes(hour.charAt(0))
  const isEither = !"*?".includes(day.charAt(0)) && !"*?".includes(weekday.charAt(0))
  const goodDate = window.dates.map((iso) => {
    const date = new Date(`${iso}T00:00:00Z`)
    if (!likes(month, date.getUTCMonth() + 1, 1, 12, monthNames)) return false
    const [a, b] = [dayLikes(day, date), weekdayLikes(weekday, date)]
    return isEither ? a || b : a && b
  })
  if (!goodDate.includes(true)) return []
  const goodMinute = minutesOf(hour, minute)
  const seconds = Array.from({ length: 60 }, (_, index) => index).filter((index) => likes(second, index, 0, 59))
  const found = new Set<number>()
  for (let index = 0; index < window.date.length; index++) {
    if (goodDate[window.date[index] ?? 0] !== true || goodMinute[window.minute[index] ?? 0] !== true) continue
    if (!isInterval && window.isRepeated[index] === 1) continue
    for (const second of seconds) found.add(window.fromMillis + index * minuteMillis + second * 1000)
  }
  for (const { date, endMillis, minute } of isInterval ? [] : window.skipped) {
    if (goodDate[date] === true && goodMinute[minute] === true) found.add(endMillis)
  }
  return [...found].toSorted((a, b) => a - b)
}
