/**
 * What a rule found: where, and what to do about it.
 */

/** A violation in one place. */
export interface Violation {
  readonly path: string
  /** From 1. */
  readonly line: number
  readonly message: string
}

/** A violation at a line of a file. */
export const make = (path: string, line: number, message: string): Violation => ({ path, line, message })

/** `path:line message`, which editors and terminals can follow. */
export const render = (violation: Violation): string => `${violation.path}:${violation.line} ${violation.message}`
