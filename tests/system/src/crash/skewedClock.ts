/**
 * Loaded before a program: its `Date` is an hour ahead, as on a machine with a wrong clock. Monotonic time stays.
 */
const skewMillis = Number(process.env["CRASH_SKEW_MILLIS"] ?? 3_600_000)

const RealDate = Date

globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(RealDate.now() + skewMillis).toString(),
  construct: (target, given: ReadonlyArray<number>, newTarget) =>
    Reflect.construct(target, given.length === 0 ? [RealDate.now() + skewMillis] : given, newTarget),
  get: (target, key) => key === "now" ? () => RealDate.now() + skewMillis : Reflect.get(target, key)
})
