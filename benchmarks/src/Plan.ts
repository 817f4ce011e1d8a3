/**
 * Who runs when. Pure.
 *
 * Rounds are interleaved: each round of a scenario runs every contender once
 * before the next round begins, and each round begins with another contender,
 * so that a slow minute of the machine hits nobody alone.
 */

/** One run of the plan. */
export interface Turn<A> {
  /** 1-based. */
  readonly round: number
  readonly contender: A
}

/** Moves the first `by` elements to the end. */
export const rotate = <A>(items: ReadonlyArray<A>, by: number): ReadonlyArray<A> => {
  const shift = items.length === 0 ? 0 : by % items.length
  return [...items.slice(shift), ...items.slice(0, shift)]
}

/** The turns of one scenario. */
export const turns = <A>(contenders: ReadonlyArray<A>, rounds: number): ReadonlyArray<Turn<A>> =>
  Array.from({ length: rounds }, (_, index) => index).flatMap((index) =>
    rotate(contenders, index).map((contender) => ({ round: index + 1, contender }))
  )
