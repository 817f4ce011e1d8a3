/**
 * A program that ends as soon as it has started.
 */
console.log("runs")
console.error(`{"level":"error","message":"no more"}`)
process.exitCode = 3
