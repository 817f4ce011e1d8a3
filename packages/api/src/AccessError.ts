/**
 * The errors of API keys. `ApiError` unites them with all others.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { answered, envelope } from "./ErrorTag.ts"

/**
 * Status 401: the request has no API key, or one that is wrong, revoked or expired. The answer does not say which.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class Unauthorized extends Schema.Error<Unauthorized>("Unauthorized")(
  envelope("Unauthorized"),
  answered("Unauthorized", "The request has no API key that is good")
) {
  readonly _tag = "Unauthorized"
  override get message(): string {
    return this.error.message
  }
}

/**
 * Status 404: there is no API key with this id, or it was revoked before.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export class KeyNotFound extends Schema.Error<KeyNotFound>("KeyNotFound")(
  envelope("KeyNotFound"),
  answered("KeyNotFound", "There is no such API key")
) {
  readonly _tag = "KeyNotFound"
  override get message(): string {
    return this.error.message
  }
}

/**
 * All of them.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export const all = [Unauthorized, KeyNotFound] as const
