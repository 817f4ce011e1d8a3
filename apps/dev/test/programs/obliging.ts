/**
 * A program that says that it runs, and stops when it is asked to.
 */
process.on("SIGTERM", () => {
  process.stdout.write("asked to stop\n", () => process.exit(0))
})
setInterval(() => undefined, 1_000)
console.log("runs")
