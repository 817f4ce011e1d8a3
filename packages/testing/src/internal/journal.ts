/**
 * The journal of a simulation: what happened, in order, as a hash that tells runs apart and as text for people.
 */

/** A broken invariant. */
export interface Breach {
  /** Which one: `I1` to `I14` of ARCHITECTURE.md, or `port` for a promise of the storage port. */
  readonly invariant: string
  readonly detail: string
  readonly atMillis: number
}

/** The journal. */
export interface Journal {
  readonly note: (atMicros: number, line: string) => void
  readonly breach: (invariant: string, detail: string) => void
  /** The first breach: what follows from a broken rule breaks others. */
  readonly first: () => Breach | null
  readonly hash: () => string
  readonly length: () => number
  /** The last lines, oldest first. */
  readonly lines: () => ReadonlyArray<string>
}

/** An empty journal that keeps at most so many lines. */
export const make = (nowMicros: () => number, linesMax: number): Journal => {
  let first: Breach | null = null
  let low = 0x811c9dc5
  let high = 0x9e3779b9
  let length = 0
  const kept: Array<string> = []
  const note = (atMicros: number, line: string) => {
    const text = `${(atMicros / 1_000).toFixed(3)} ${line}`
    for (let index = 0; index < text.length; index++) {
      low = Math.imul(low ^ text.charCodeAt(index), 0x01000193)
    }
    high = Math.imul(high ^ low, 0x85ebca6b) ^ (high >>> 13)
    length += 1
    if (linesMax === 0) return
    kept.push(text)
    if (kept.length > 2 * linesMax) kept.splice(0, linesMax)
  }
  return {
    note,
    breach: (invariant, detail) => {
      if (first !== null) return
      first = { invariant, detail, atMillis: nowMicros() / 1_000 }
      note(nowMicros(), `BREACH ${invariant}: ${detail}`)
    },
    first: () => first,
    hash: () => hex(low) + hex(high),
    length: () => length,
    lines: () => kept.slice(-linesMax)
  }
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0")
