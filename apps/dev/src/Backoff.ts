/**
 * How long to wait before something that ended is started again. Pure.
 *
 * @since 0.1.0
 */

/** The first pause, in milliseconds; it doubles with every further end. */
export const firstMillis = 500

/** The longest pause, in milliseconds. */
export const capMillis = 10_000

/** Who ran this long, in milliseconds, starts again with the first pause. */
export const steadyMillis = 30_000

/** The pause after an end: from the pause before, 0 for none, and how long it ran. */
export const next = (previousMillis: number, ranMillis: number): number =>
  previousMillis === 0 || ranMillis >= steadyMillis ? firstMillis : Math.min(previousMillis * 2, capMillis)
