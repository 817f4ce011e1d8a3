/**
 * The bounds of the port's arguments, for drivers: each check answers null, or why the argument is refused.
 *
 * Every driver refuses what these refuse, with `StorageError` of reason `Invalid`, before it changes anything.
 *
 * @since 0.1.0
 */
export {
  /**
   * Checks the bounds of a claim.
   *
   * @stability unstable
   * @category checks
   * @since 0.1.0
   */
  checkClaim,
  /**
   * Checks the number of ids of a transition.
   *
   * @stability unstable
   * @category checks
   * @since 0.1.0
   */
  checkIds,
  /**
   * Checks a batch of new jobs: bounds of numbers, storable text.
   *
   * @stability unstable
   * @category checks
   * @since 0.1.0
   */
  checkJobs,
  /**
   * Checks the limit of a promotion or a reclaim.
   *
   * @stability unstable
   * @category checks
   * @since 0.1.0
   */
  checkLimit,
  /**
   * Checks the page size of a query.
   *
   * @stability unstable
   * @category checks
   * @since 0.1.0
   */
  checkQuery,
  /**
   * Checks that every outcome can be stored.
   *
   * @stability unstable
   * @category checks
   * @since 0.1.0
   */
  checkSettlements
} from "./internal/memory/validate.ts"
