/**
 * The environment as a source of settings.
 *
 * @since 0.1.0
 */
import * as ConfigProvider from "effect/ConfigProvider"

/**
 * Reads settings from these variables. An empty one counts as not set, as container tools write what is left out.
 *
 * @stability unstable
 * @category settings
 * @since 0.1.0
 */
export const provider = (
  variables: { readonly [name: string]: string | undefined }
): ConfigProvider.ConfigProvider =>
  ConfigProvider.fromEnv({
    env: Object.fromEntries(
      Object.entries(variables).flatMap(([name, value]) => value === undefined || value === "" ? [] : [[name, value]])
    )
  })
