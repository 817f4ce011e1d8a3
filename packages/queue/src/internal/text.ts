/**
 * Text that can be stored: measured, freed of what a database refuses, and cut.
 */

/** The text of a value that should be text, whatever it is. */
export const fromUnknown = (value: unknown): string => {
  if (typeof value === "string") return value
  return typeof value === "number" || typeof value === "boolean" ? `${value}` : typeof value
}

/** What makes text unfit for storage. */
export type TextFlaw = "nul" | "surrogate"

/** The bytes that a string takes as a JSON string in UTF-8, quotes included, or its first flaw. */
export const measure = (text: string): number | TextFlaw => {
  let bytes = 2
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) {
      if (unit === 0) return "nul"
      bytes += asciiBytes(unit)
    } else if (unit < 0x800) bytes += 2
    else if (!isSurrogate(unit)) bytes += 3
    else {
      if (unit >= 0xdc00 || !isLowSurrogate(text.charCodeAt(index + 1))) return "surrogate"
      bytes += 4
      index += 1
    }
  }
  return bytes
}

/** The text without NUL bytes and lone surrogates, and of at most `bytesMax` bytes of UTF-8. */
export const sanitise = (text: string, bytesMax: number): string => {
  // Cut first: replacing in a text of 10 MB to throw most of it away would block the process.
  const clean = text.slice(0, bytesMax).replace(unstorable, "\ufffd")
  return clean.length * 3 <= bytesMax ? clean : cut(clean, bytesMax)
}

/** The text with NUL bytes and lone surrogates replaced, at full length. */
export const replaceFlaws = (text: string): string => text.replace(unstorable, "\ufffd")

// In unicode mode a surrogate that is part of a pair does not match.
// oxlint-disable-next-line no-control-regex
const unstorable = /\u0000|\p{Surrogate}/gu

/** JSON writes five controls with two characters and the others as \u00XX. */
const asciiBytes = (unit: number): number => {
  if (unit >= 0x20) return unit === 0x22 || unit === 0x5c ? 2 : 1
  return (unit >= 8 && unit <= 13 && unit !== 11) ? 2 : 6
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff

/** False for NaN, which is what stands after the end of a string. */
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff

const encoder = new TextEncoder()

const cut = (text: string, bytesMax: number): string => {
  const { read } = encoder.encodeInto(text, new Uint8Array(bytesMax))
  return text.slice(0, read)
}
