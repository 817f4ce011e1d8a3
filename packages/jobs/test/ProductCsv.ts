/**
 * Makes product lists of several stores, with broken rows in known places. The same seed gives the same file.
 *
 * As a program: `node ProductCsv.ts <file> [rows] [seed]` writes the file and prints the broken rows as JSON.
 */
import { createWriteStream } from "node:fs"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"

/** What a list is made from: number of data rows (a multiple of 100), seed, number of stores. */
export interface Options {
  readonly rows: number
  readonly seed: number
  readonly stores?: number
}

/** A broken row: its number (1-based, without the header) and how it is broken. */
export interface Planted {
  readonly row: number
  readonly kind: Kind
}

const kinds = {
  missingStore: (p: Product) => `,${p.sku},${p.name},${p.price},${p.quantity}`,
  missingSku: (p: Product) => `${p.store},,${p.name},${p.price},${p.quantity}`,
  negativePrice: (p: Product) => `${p.store},${p.sku},${p.name},-${p.price},${p.quantity}`,
  priceText: (p: Product) => `${p.store},${p.sku},${p.name},on request,${p.quantity}`,
  halfQuantity: (p: Product) => `${p.store},${p.sku},${p.name},${p.price},1.5`,
  cellsMissing: (p: Product) => `${p.store},${p.sku}`,
  cellsAdded: (p: Product) => `${p.store},${p.sku},${p.name},${p.price},${p.quantity},surplus`,
  quoteNeverClosed: (p: Product) => `${p.store},${p.sku},"Never closed,${p.price},${p.quantity}`,
  strayQuote: (p: Product) => `${p.store},${p.sku},24" screen,${p.price},${p.quantity}`
}

/** How a row can be broken. */
export type Kind = keyof typeof kinds

const kindNames = Object.keys(kinds) as ReadonlyArray<Kind>

interface Product {
  readonly store: string
  readonly sku: string
  readonly name: string
  readonly price: string
  readonly quantity: number
}

/** The broken rows of a list: exactly one in every hundred, somewhere among them. */
export const planted = ({ rows, seed }: Options): ReadonlyArray<Planted> =>
  Array.from({ length: Math.floor(rows / 100) }, (_, block) => ({
    row: block * 100 + 1 + Math.floor(random(seed, block, 1) * 100),
    kind: pick(kindNames, random(seed, block, 2))
  }))

/** The text of a list, in pieces of a hundred rows. */
export function* text(options: Options): Generator<string> {
  const broken = new Map(planted(options).map(({ kind, row }) => [row, kind]))
  yield "store,sku,name,price,quantity\n"
  for (let first = 1; first <= options.rows; first += 100) {
    let piece = ""
    for (let row = first; row < first + 100 && row <= options.rows; row += 1) {
      const kind = broken.get(row)
      const product = make(options, row)
      piece += `${kind === undefined ? line(product) : kinds[kind](product)}\n`
    }
    yield piece
  }
}

/** Writes a list to a file, in constant memory. */
export const write = (file: string, options: Options): Promise<void> =>
  pipeline(Readable.from(text(options)), createWriteStream(file))

/** The stores of a list. */
export const stores = ({ stores = 5 }: Options): ReadonlyArray<string> =>
  Array.from({ length: stores }, (_, at) => `store-${at + 1}`)

const line = (p: Product): string => `${p.store},${p.sku},${p.name},${p.price},${p.quantity}`

// Names that a careless reader trips over: commas, quotes, line breaks, letters beyond ASCII.
const names = [
  "Desk lamp",
  "Stuhl „Ü“",
  "\"Lamp, tall\"",
  "\"24\"\" screen\"",
  "\"Two\nlines\"",
  "椅子",
  "\"\"\"Quoted\"\"\""
]

const make = (options: Options, row: number): Product => ({
  store: pick(stores(options), random(options.seed, row, 3)),
  sku: `SKU-${row}`,
  name: pick(names, random(options.seed, row, 4)),
  price: (1 + random(options.seed, row, 5) * 500).toFixed(2),
  quantity: Math.floor(random(options.seed, row, 6) * 1000)
})

const pick = <A>(from: ReadonlyArray<A>, share: number): A => from[Math.floor(share * from.length)] as A

// A number in [0, 1) for every (seed, row, use): a hash (splitmix32), so rows can be made in any order.
const random = (seed: number, row: number, use: number): number => {
  let x = (seed + Math.imul(row, 0x9e3779b9) + Math.imul(use, 0x85ebca6b)) | 0
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
  return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32
}

if (process.argv[1] === import.meta.filename) {
  const [file = "products.csv", rows = "200000", seed = "1"] = process.argv.slice(2)
  const options = { rows: Number(rows), seed: Number(seed) }
  await write(file, options)
  console.log(JSON.stringify(planted(options)))
}
