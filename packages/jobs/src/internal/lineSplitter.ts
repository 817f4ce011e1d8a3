/**
 * Cuts text that arrives in pieces into numbered lines of bounded length.
 *
 * Lines end with `\n` or `\r\n`. A line longer than the limit is reported as too long and its rest is skipped,
 * so that a file without line breaks never fills the memory.
 */

/** A line without its line break. `number` counts from 1; `text` of a line that is too long is its beginning. */
export interface Line {
  readonly number: number
  readonly text: string
  readonly tooLong: boolean
}

/** A splitter under way: `feed` answers the lines that the new text completes, `end` the last one. */
export interface LineSplitter {
  readonly feed: (text: string) => ReadonlyArray<Line>
  readonly end: () => ReadonlyArray<Line>
}

/** A splitter for lines of at most `maxChars` characters. */
export const make = (maxChars: number): LineSplitter => {
  let number = 0
  let carried = ""
  let overflowed = false

  const complete = (text: string): Line => {
    const whole = carried + text
    const tooLong = overflowed || whole.length > maxChars
    carried = ""
    overflowed = false
    number += 1
    return { number, text: tooLong ? whole.slice(0, maxChars) : withoutReturn(whole), tooLong }
  }

  const carry = (text: string): void => {
    if (carried.length + text.length <= maxChars) {
      carried += text
    } else {
      carried = (carried + text).slice(0, maxChars)
      overflowed = true
    }
  }

  return {
    feed: (text) => {
      const parts = text.split("\n")
      const rest = parts.pop() ?? ""
      const lines = parts.map(complete)
      carry(rest)
      return lines
    },
    end: () => (carried === "" && !overflowed ? [] : [complete("")])
  }
}

const withoutReturn = (text: string): string => (text.endsWith("\r") ? text.slice(0, -1) : text)
