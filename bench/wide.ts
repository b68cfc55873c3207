import { recipe as mixture } from "../recipes/real-mixture.ts";
import type { Recipe } from "../src/recipe/schema.ts";

/** A policy whose weights are most of what takes memory, of one robot without a camera, one sample in a micro-batch: docs/benchmarks.md, "Memory of a rank". */
export const recipe: Recipe = {
  ...mixture,
  name: "wide",
  threads: 1,
  data: { ...mixture.data, workers: 1, datasets: mixture.data.datasets.filter(({ name }) => name === "pusht") },
  batch: { size: 2, microBatch: 1, shapes: "fit" },
  validation: { ...mixture.validation, everySteps: 4, microBatch: 2, framesPerMember: 4 },
  policy: {
    ...mixture.policy,
    size: {
      vision: { picture: 16, patch: 8, square: 1, width: 16, layers: 4, mlp: 40, heads: 2, temporalEvery: 2 },
      backbone: { width: 1024, layers: 8, mlp: 4096, heads: 8, keyHeads: 1, headWidth: 128 },
      expert: { width: 768, layers: 8, mlp: 2048, heads: 8, keyHeads: 1, headWidth: 128 },
    },
    actionWidth: 2,
    stateWidth: 2,
    promptTokens: 64,
  },
  checkpoint: { everySteps: 4, keepLast: 1 },
};
