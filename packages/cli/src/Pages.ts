/**
 * Lists that come in pages: one page, or all of them.
 *
 * @since 0.1.0
 */
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** The most entries of one page that the API gives. */
const largestPage = 200

/**
 * `--limit`, `--cursor` and `--all`.
 *
 * @stability unstable
 * @category flags
 * @since 0.1.0
 */
export const flags = {
  limit: Flag.Int("limit").pipe(
    Flag.withDescription(`Entries of a page, 1 to ${largestPage}. Defaults to 50`),
    Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: largestPage }))),
    Flag.optional
  ),
  cursor: Flag.String("cursor").pipe(Flag.withDescription("The nextCursor of the page before"), Flag.optional),
  all: Flag.Boolean("all").pipe(Flag.withDescription("Every page"), Flag.withDefault(false))
}

/**
 * A page.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly nextCursor: string | null
}

/**
 * The position of a page, as the API takes it.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Position {
  readonly cursor?: string
  readonly limit?: number
}

/**
 * Reads one page, or with `all` every page from there on.
 *
 * @stability unstable
 * @category requests
 * @since 0.1.0
 */
export const read = Effect.fnUntraced(function*<A, E, R>(
  given: {
    readonly all: boolean
    readonly cursor: Option.Option<string>
    readonly limit: Option.Option<number>
  },
  request: (position: Position) => Effect.Effect<Page<A>, E, R>
) {
  const limit = Option.getOrElse(given.limit, () => given.all ? largestPage : undefined)
  const items: Array<A> = []
  let cursor = Option.getOrNull(given.cursor)
  for (;;) {
    const page: Page<A> = yield* request({
      ...(limit === undefined ? {} : { limit }),
      ...(cursor === null ? {} : { cursor })
    })
    items.push(...page.items)
    cursor = page.nextCursor
    if (!given.all || cursor === null) return { items, nextCursor: cursor }
  }
})

/**
 * Says below a table how to get on.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const more = ({ nextCursor }: { readonly nextCursor: string | null }): string =>
  nextCursor === null ? "" : `\nmore: --cursor ${nextCursor}, or --all`
