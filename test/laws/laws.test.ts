import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { asTheyAre, leaksOf, type Outputs, type Variation } from "../../src/audit/law.ts";
import { mustNotCompile } from "../../src/graph/testing/must-not-compile.ts";
import { Rules } from "../../src/validity/rules.ts";
import { attention, attentionLaws, stepAttention } from "./attention.ts";
import { tower, videoLaws, visionLaws } from "./encoder.ts";
import { guidanceLaws, integrateLaws, noiseLaws, pathLaws, timeLaws, withoutGuard } from "./flow.ts";
import { layer } from "./layer.ts";
import { reductionLaws, velocityLaws, weightedLaws } from "./loss.ts";
import { actionChangeLaws, actionErrorLaws, groupLaws, intervalLaws } from "./metric.ts";
import { picturesWordsAndStates } from "./place.ts";
import { normalizeLaws, statisticsLaws } from "./statistic.ts";
import { promptAndActions } from "./stream.ts";
import { brokenLaws, expectLaws, type LawsOf, type NoLaws, type Subject } from "./subject.ts";

/** Every function that padded values go through, by module; policies are audited as wholes in test/audit. */
const lawsOfModules: Readonly<Record<string, Readonly<Record<string, Subject | NoLaws>>>> = {
  "loss/velocity.ts": velocityLaws,
  "loss/reduction.ts": reductionLaws,
  "loss/weighted.ts": weightedLaws,
  "metric/group.ts": groupLaws,
  "metric/interval.ts": intervalLaws,
  "metric/action-error.ts": actionErrorLaws,
  "metric/action-change.ts": actionChangeLaws,
  "flow/guidance.ts": guidanceLaws,
  "flow/path.ts": pathLaws,
  "flow/integrate.ts": integrateLaws,
  "flow/noise.ts": noiseLaws,
  "flow/time.ts": timeLaws,
  "nn/attention.ts": attentionLaws,
  "nn/layer.ts": { transformerLayer: layer("real") },
  "policy/stream.ts": {
    "the attention of causal steps": stepAttention("causal", "every"),
    "the attention of causal steps behind a prompt": promptAndActions(Rules.all, "none"),
    "the attention of causal steps behind a prompt, under a window of 3": promptAndActions(Rules.all, 3),
  },
  "policy/place.ts": { "pictures, words and states along three axes": picturesWordsAndStates(Rules.all) },
  "policy/vision.ts": visionLaws,
  "policy/video.ts": videoLaws,
  "dataset/statistics.ts": statisticsLaws,
  "embodiment/normalize.ts": normalizeLaws,
};

const isLawful = (entry: [string, Subject | NoLaws]): entry is [string, Subject] => !("because" in entry[1]);
const lawful = Object.entries(lawsOfModules).flatMap(([path, subjects]) =>
  Object.entries(subjects)
    .filter(isLawful)
    .map(([name, subject]) => [`${path}: ${name}`, subject] as const),
);

it.each(lawful)("%s keeps the laws of poison, padding, split, order and horizon", async (_, subject) => {
  await expectLaws(subject);
});

mustNotCompile(() => {
  const because = "its author says so";
  const lawsOfNormalize = { normalize: { because }, normalization: { because }, denormalize: { because } };
  // @ts-expect-error normalize is given padded values, so that no reason stands for its laws
  const normalizes: LawsOf<typeof import("../../src/embodiment/normalize.ts")> = lawsOfNormalize;
  const lawsOfLoss = { velocityErrors: { because } };
  // @ts-expect-error velocityErrors is told which cells teach
  const losses: LawsOf<typeof import("../../src/loss/velocity.ts")> = lawsOfLoss;
  const lawsOfLayer = { ...videoLaws, temporalLayer: { because } };
  // @ts-expect-error temporalLayer is told which frames are real, in a field of an argument
  const layers: LawsOf<typeof import("../../src/policy/video.ts")> = lawsOfLayer;
  return [normalizes, losses, layers];
});

it("a new module of losses, metrics or the flow has to join the list", () => {
  const modules = ["loss", "metric", "flow"].flatMap((folder) =>
    readdirSync(join(import.meta.dirname, "../../src", folder))
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
      .map((file) => `${folder}/${file}`),
  );
  expect(modules.filter((module) => !Object.hasOwn(lawsOfModules, module))).toEqual([]);
});

describe("the suite can fail", () => {
  it.each([
    ["the noise is not selected in training", withoutGuard["input-side"], ["poison", "padding"]],
    ["the noise is not selected at inference", withoutGuard["inference-side"], ["poison", "padding"]],
    ["tokens that do not exist are keys", attention("every"), ["poison", "padding"]],
    ["tokens that do not exist are keys of a whole layer", layer("every"), ["poison", "padding"]],
    [
      "tokens of the prompt that do not exist are keys",
      promptAndActions(Rules.without("prompt-keys"), "none"),
      ["poison", "padding"],
    ],
    ["action steps read later ones that exist", promptAndActions(Rules.without("step-order"), "none"), ["horizon"]],
    [
      "a window counts tokens that do not exist",
      promptAndActions(Rules.without("prompt-keys"), 3),
      ["poison", "padding"],
    ],
    ["action steps under a window read later ones", promptAndActions(Rules.without("step-order"), 3), ["horizon"]],
    ["pictures that do not exist move those that do", picturesWordsAndStates(Rules.without("view-keys")), ["padding"]],
    ["words that do not exist move those that do", picturesWordsAndStates(Rules.without("prompt-keys")), ["padding"]],
    ["steps read later ones", stepAttention("within", "real"), ["horizon"]],
  ])("where %s", async (_, subject, laws) => {
    expect(await brokenLaws(subject)).toEqual(laws);
  });
});

it("the tower that looks back keeps them at raw cells also without its key mask, which is why hidden states are poisoned", async () => {
  expect(await brokenLaws(tower(3, Rules.without("history-keys")))).toEqual([]);
});

it("among causal steps it is all one, to the bit, whether those past the end are hidden or seen", async () => {
  const [hidden, seen] = [stepAttention("causal", "real"), stepAttention("causal", "every")];
  expect(await leaksBetween(await hidden.run(hidden.given), await seen.run(seen.given))).toEqual([]);
  const [both, open] = [stepAttention("within", "real"), stepAttention("within", "every")];
  expect(await leaksBetween(await both.run(both.given), await open.run(open.given))).not.toEqual([]);
});

function leaksBetween(one: Outputs, other: Outputs) {
  const same: Variation<Outputs> = {
    law: "horizon",
    kinds: [],
    name: "steps past the end are seen",
    inputs: [other],
    back: asTheyAre,
    promise: () => "bits",
  };
  return leaksOf(async (outputs) => outputs, one, same);
}
