export * as PlantedBug from "./PlantedBug.ts"
export * as Scenario from "./Scenario.ts"
export * as Simulation from "./Simulation.ts"
export * as TestQueue from "./TestQueue.ts"
