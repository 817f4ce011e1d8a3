/**
 * The clocks of a measurement. Wall time is monotonic within a process and
 * comparable between the processes of one machine.
 */

/** Epoch milliseconds with fraction, from the monotonic clock of this process. */
export const epochNow = (): number => performance.timeOrigin + performance.now()

/** Microseconds of CPU that this process has used, kernel time included. */
export const cpuMicros = (): number => {
  const { system, user } = process.cpuUsage()
  return system + user
}
