import { cacheFolder } from "../cache-folder.ts";
import { readManifest } from "../checkpoint/checkpoint.ts";
import { encodeError } from "../plain-error.ts";
import { findPolicy, servedWeights } from "../serving/load.ts";
import { recipeOn } from "../training/recipe-on.ts";
import { measureWeightChange } from "../training/weight-change.ts";
import type { FromMeasuring, ToMeasuring } from "./weight-change-apart.ts";

/** The process that `weight-change-apart.ts` starts: what it takes of memory goes back with it. */
process.once("message", (request: ToMeasuring) => {
  void answerTo(request).then((message) => process.send?.(message, () => process.disconnect()));
});

async function answerTo({ run, weightKind, samples, dataset }: ToMeasuring): Promise<FromMeasuring> {
  try {
    const policy = await findPolicy(run);
    const weights = await servedWeights(policy, weightKind);
    const { checkpoint, machine } = policy;
    const recipe =
      dataset === null ? policy.recipe : await recipeOn(dataset, policy.recipe, await readManifest(checkpoint));
    const how = { weights, weightKind, samples, cache: cacheFolder("statistics") };
    return { kind: "measured", robots: await measureWeightChange({ checkpoint, recipe, machine, ...how }) };
  } catch (error) {
    return { kind: "failed", error: encodeError(error) };
  }
}
