/**
 * How many slots a queue gets next, where its worker may choose: a pure function over what was seen since the last look.
 */

/**
 * What was seen.
 *
 * **Details**
 *
 * `slots` are those of now, from `min` to `max`. `peak` is how many of them were taken at the same time at most.
 * `isBacklogged`: there was more to claim than there were slots. `load` is how busy the process was, 0 to 1.
 */
export interface Figures {
  readonly slots: number
  readonly min: number
  readonly max: number
  readonly peak: number
  readonly isBacklogged: boolean
  readonly load: number
}

/** From this load on further slots only make every job slower: the process gives some back. */
export const saturatedLoad = 0.9

/** Below this load there is room. Between the two nothing changes, so that the number does not swing. */
export const roomyLoad = 0.7

/** Part of the slots that stay in one step down: from 50 to 10 in eight looks. */
const keptShare = 0.8

/** Part of the slots that come in one step up, one at least: from 2 to 50 in eight looks. */
const gainedShare = 0.5

/**
 * The slots from now on.
 *
 * Fewer when the process is saturated, or when half of them or less were taken; then not fewer than were. More when all were
 * taken, there is more to claim, and the process has room. Running jobs keep their slots in any case.
 */
export const decide = ({ isBacklogged, load, max, min, peak, slots }: Figures): number => {
  const fewer = Math.max(min, Math.floor(slots * keptShare))
  if (load >= saturatedLoad) return fewer
  if (peak >= slots && isBacklogged) {
    return load < roomyLoad ? Math.min(max, slots + Math.max(1, Math.floor(slots * gainedShare))) : slots
  }
  return peak <= slots / 2 ? Math.max(fewer, peak) : slots
}
