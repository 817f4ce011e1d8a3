/**
 * The conformance suite: what every storage driver must do, as tests.
 *
 * Call `suite` at the top level of a test file of the driver. Every test gets an empty storage
 * and the Effect clock as the storage's clock; nothing in it waits for real time to pass.
 *
 * @since 0.1.0
 */
import { describe } from "@effect/vitest"
import * as AdmissionSuite from "./AdmissionSuite.ts"
import * as ClaimSuite from "./ClaimSuite.ts"
import * as CompanySuite from "./CompanySuite.ts"
import * as EventSuite from "./EventSuite.ts"
import * as FairnessSuite from "./FairnessSuite.ts"
import * as FenceSuite from "./FenceSuite.ts"
import * as InsertSuite from "./InsertSuite.ts"
import * as LeaseSuite from "./LeaseSuite.ts"
import * as LimitSuite from "./LimitSuite.ts"
import * as MaintenanceSuite from "./MaintenanceSuite.ts"
import * as ParentSuite from "./ParentSuite.ts"
import * as PromoteSuite from "./PromoteSuite.ts"
import * as QuerySuite from "./QuerySuite.ts"
import * as RaceSuite from "./RaceSuite.ts"
import * as ReclaimSuite from "./ReclaimSuite.ts"
import * as ReleaseSuite from "./ReleaseSuite.ts"
import * as ReportSuite from "./ReportSuite.ts"
import * as SettleSuite from "./SettleSuite.ts"
import * as StorageModel from "./StorageModel.ts"
import type { DriverLayer } from "./SuiteTest.ts"
import { declareFor } from "./SuiteTest.ts"
import * as TransactionSuite from "./TransactionSuite.ts"
import * as TransitionSuite from "./TransitionSuite.ts"

/**
 * Options of a run of the suite.
 *
 * **Details**
 *
 * `model` sets the number, the length and the seed of the random command sequences. Defaults to
 * 60 sequences of 100 commands.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly model?: StorageModel.Options
}

/**
 * Declares all tests for a driver. `layer` must build an empty storage every time.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = <E>(name: string, layer: DriverLayer<E>, options: Options = {}): void => {
  const test = declareFor(layer)
  describe(`storage: ${name}`, () => {
    InsertSuite.suite(test)
    ClaimSuite.suite(test)
    FairnessSuite.suite(test)
    LimitSuite.suite(test)
    AdmissionSuite.suite(test)
    SettleSuite.suite(test)
    FenceSuite.suite(test)
    CompanySuite.suite(test)
    ReportSuite.suite(test)
    LeaseSuite.suite(test)
    ReclaimSuite.suite(test)
    PromoteSuite.suite(test)
    ParentSuite.suite(test)
    ReleaseSuite.suite(test)
    TransitionSuite.suite(test)
    QuerySuite.suite(test)
    MaintenanceSuite.suite(test)
    EventSuite.suite(test)
    TransactionSuite.suite(test)
    RaceSuite.suite(test)
    StorageModel.suite(layer, options.model)
  })
}
