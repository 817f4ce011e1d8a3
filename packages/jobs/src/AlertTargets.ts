/**
 * Who is told of alerts: webhooks and a mailbox, as the settings of the worker say.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"

/**
 * The targets.
 *
 * **Details**
 *
 * - `webhooks`: `http` and `https` URLs; no others are ever called
 * - `secrets`: with which calls are signed: the newest first, and the one before while receivers learn the new one
 * - `mayBePrivate`: whether a webhook may have an address of a private network
 * - `email`: the address that mails go to, null for none
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Targets {
  readonly webhooks: ReadonlyArray<string>
  readonly secrets: ReadonlyArray<Redacted.Redacted>
  readonly mayBePrivate: boolean
  readonly email: string | null
}

/**
 * Nobody is told: alerts are only kept.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const nobody: Targets = { webhooks: [], secrets: [], mayBePrivate: false, email: null }

/**
 * The service.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class AlertTargets extends Context.Service<AlertTargets, Targets>()("@millrace/jobs/AlertTargets") {}

/**
 * These targets as a layer; what is left out is nobody.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (targets: Partial<Targets> = {}): Layer.Layer<AlertTargets> =>
  Layer.succeed(AlertTargets, { ...nobody, ...targets })
