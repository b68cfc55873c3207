import { defineConfig } from "vitest/config";

/** The tests that are to notice a mutant: `ARMATURE_MUTATION_TESTS` holds their patterns, as `tools/stryker/trial.ts` sets it. */
export default defineConfig({
  test: {
    include: (process.env.ARMATURE_MUTATION_TESTS ?? "").split(","),
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
