/**
 * What the caller of `npm run simulate` asks for.
 */

/** A range of seeds, where the results go, and how many processes share the work. */
export interface Request {
  readonly seeds: number
  readonly first: number
  readonly json: string | null
  readonly threads: number
}

/** How to call it. */
const usage = "npm run simulate -- [--seeds N] [--seed FIRST] [--threads N] [--json FILE]"

/** Seeds of a run that names no number. */
const seedsDefault = 1_000

/** Reads the arguments, or says what is wrong with them. */
export const parse = (args: ReadonlyArray<string>, cores: number): Request | string => {
  const values = new Map<string, string>()
  for (let index = 0; index < args.length; index += 2) {
    const [name = "", value] = args.slice(index, index + 2)
    if (!names.has(name)) return `${name} is not known. ${usage}`
    if (value === undefined) return `${name} needs a value. ${usage}`
    values.set(name, value)
  }
  const seed = whole(values.get("--seed"), 1)
  // One seed that is named alone is looked at closely.
  const seeds = whole(values.get("--seeds"), values.has("--seed") ? 1 : seedsDefault)
  const threads = whole(values.get("--threads"), cores)
  if (seed === null || seeds === null || threads === null) return `numbers are whole and at least 1. ${usage}`
  return { seeds, first: seed, threads: Math.min(threads, seeds), json: values.get("--json") ?? null }
}

const names = new Set(["--seeds", "--seed", "--threads", "--json"])

const whole = (text: string | undefined, missing: number): number | null => {
  if (text === undefined) return missing
  return /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : null
}
