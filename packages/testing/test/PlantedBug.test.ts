import { assert, describe, it } from "@effect/vitest"
import * as PlantedBug from "../src/PlantedBug.ts"
import * as Scenario from "../src/Scenario.ts"
import * as Simulation from "../src/Simulation.ts"

/** Seeds within which each bug has to be found. Most are found within three. */
const seedsMax = 1_000

const seedThatFinds = (bug: PlantedBug.PlantedBug): number | null => {
  for (let seed = 1; seed <= seedsMax; seed++) {
    if (Simulation.run(Scenario.make(seed), { bug }).breach !== null) return seed
  }
  return null
}

describe("PlantedBug", () => {
  it("has at least 25 bugs, each with a name of its own", () => {
    assert.isAtLeast(PlantedBug.all.length, 25)
    assert.strictEqual(new Set(PlantedBug.all.map(({ name }) => name)).size, PlantedBug.all.length)
  })

  for (const bug of PlantedBug.all) {
    it(`is found: ${bug.name}`, { timeout: 180_000 }, () => {
      assert.isNotNull(seedThatFinds(bug), `not found within ${seedsMax} seeds`)
    })
  }
})
