/**
 * What will happen when: a binary heap of events by virtual time.
 *
 * Events of one instant come in the order of their rank, which whoever adds them throws dice for: none of them is sure to
 * be first.
 */

/** Something that will happen. */
export interface Event<Owner> {
  readonly atMicros: number
  readonly rank: number
  readonly owner: Owner
  /** Null once it was called off. */
  run: (() => void) | null
}

/** The events to come. */
export interface Timeline<Owner> {
  readonly add: (event: Event<Owner>) => void
  /** Takes the earliest event that was not called off. */
  readonly take: () => Event<Owner> | undefined
}

/** No events. */
export const make = <Owner>(): Timeline<Owner> => {
  const heap: Array<Event<Owner>> = []
  const take = () => {
    for (;;) {
      const first = removeFirst(heap)
      if (first === undefined || first.run !== null) return first
    }
  }
  return {
    add: (event) => {
      heap.push(event)
      rise(heap, heap.length - 1)
    },
    take
  }
}

const isBefore = <Owner>(a: Event<Owner>, b: Event<Owner>): boolean =>
  a.atMicros < b.atMicros || (a.atMicros === b.atMicros && a.rank < b.rank)

const rise = <Owner>(heap: Array<Event<Owner>>, start: number): void => {
  let index = start
  const event = heap[index]
  if (event === undefined) return
  while (index > 0) {
    const parent = (index - 1) >> 1
    const above = heap[parent]
    if (above === undefined || !isBefore(event, above)) break
    heap[index] = above
    heap[parent] = event
    index = parent
  }
}

const removeFirst = <Owner>(heap: Array<Event<Owner>>): Event<Owner> | undefined => {
  const first = heap[0]
  const last = heap.pop()
  if (last !== undefined && heap.length > 0) {
    heap[0] = last
    sink(heap, last)
  }
  return first
}

const sink = <Owner>(heap: Array<Event<Owner>>, event: Event<Owner>): void => {
  let index = 0
  for (;;) {
    const left = heap[2 * index + 1]
    const right = heap[2 * index + 2]
    const isRight = left !== undefined && right !== undefined && isBefore(right, left)
    const child = isRight ? right : left
    if (child === undefined || !isBefore(child, event)) return
    const below = isRight ? 2 * index + 2 : 2 * index + 1
    heap[index] = child
    heap[below] = event
    index = below
  }
}
