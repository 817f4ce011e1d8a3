/**
 * A program that says that it runs, and then blocks its event loop for ever.
 */
process.on("SIGTERM", () => undefined)
console.log("runs")
// From here on neither signals nor timers are heard.
for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000)
