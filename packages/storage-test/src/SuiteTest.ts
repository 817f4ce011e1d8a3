/**
 * How a test of the suite is run: on an empty storage of its own, in time that the test controls.
 *
 * @since 0.1.0
 */
import { it } from "@effect/vitest"
import type { Storage } from "@millrace/storage"
import { StorageClock } from "@millrace/storage"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Fixture from "./Fixture.ts"

/**
 * Declares a test: its behaviour in lower case, and what shows it.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Declare = <E>(
  name: string,
  body: () => Effect.Effect<void, E, Storage.Storage | Scope.Scope>
) => void

/**
 * The layer of a driver: every time it is built, an empty storage of its own.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type DriverLayer<E = unknown> = Layer.Layer<Storage.Storage, E>

/**
 * Gives a driver the clock of the running program, which tests control.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const onTestClock = <E>(layer: DriverLayer<E>): DriverLayer<E> =>
  Layer.provide(layer, Layer.succeed(StorageClock.StorageClock, "effect"))

/**
 * Makes `Declare` for a driver. Each test builds the layer anew and begins at `Fixture.startMillis`.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const declareFor = <E>(layer: DriverLayer<E>): Declare => (name, body) =>
  it.effect(name, () =>
    Effect.andThen(
      TestClock.setTime(Fixture.startMillis),
      Effect.suspend(body).pipe(Effect.scoped, Effect.provide(onTestClock(layer)))
    ))
