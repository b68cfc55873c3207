import { recipe as everyPadding } from "../../recipes/every-padding.ts";
import type { GeneratedDataset } from "../../src/dataset/generated.ts";
import { reads } from "../../src/policy/prefixes.ts";
import { type VariantName, variants } from "../../src/policy/variant.ts";
import type { Recipe, RecipeDataset } from "../../src/recipe/schema.ts";

/** The recipe of every padding with formulas in the place of its real datasets: their columns, widths and rates. */
export function generatedPadding(variant: VariantName): Recipe {
  return {
    ...everyPadding,
    threads: 1,
    data: { ...everyPadding.data, datasets: everyPadding.data.datasets.map(asGenerated) },
    policy: { ...everyPadding.policy, variant, ...(reads(variants[variant], "response") ? everyResponse : {}) },
  };
}

/** Of the responses of its generated datasets, some are dropped. */
const everyResponse = { responseTokens: 44, responseDropout: 0.3 };

const standIns: Readonly<Record<string, Pick<GeneratedDataset, "robotType" | "features">>> = {
  dobot_cr5: {
    robotType: "cr5",
    features: [
      { key: "action", type: "float32", shape: [7], names: null },
      { key: "observation.state", type: "float32", shape: [6], names: null },
      { key: "observation.images.top", type: "video", shape: [24, 32, 3], names: null },
    ],
  },
  pusht: {
    robotType: "unknown",
    features: [
      { key: "action", type: "float32", shape: [2], names: null },
      { key: "observation.state", type: "float32", shape: [2], names: null },
    ],
  },
};

function asGenerated(dataset: RecipeDataset): RecipeDataset {
  const standIn = standIns[dataset.name];
  if (standIn === undefined) return dataset;
  const description = {
    ...standIn,
    features: standIn.features.map((feature) => ({ ...feature, shape: [...feature.shape], names: null })),
    framesPerSecond: 10,
    episodeLengths: [17, 24, 13, 20],
    tasks: ["push the T"],
    seed: 3,
  };
  return { ...dataset, source: { kind: "generated", description }, episodes: "all" };
}
