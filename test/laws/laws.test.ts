import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { asTheyAre, leaksOf, type Outputs, type Variation } from "../../src/audit/law.ts";
import { Rules } from "../../src/validity/rules.ts";
import { attention, attentionLaws, stepAttention } from "./attention.ts";
import { tower, videoLaws, visionLaws } from "./encoder.ts";
import { integrateLaws, noiseLaws, pathLaws, timeLaws, withoutGuard } from "./flow.ts";
import { reductionLaws, velocityLaws, weightedLaws } from "./loss.ts";
import { actionErrorLaws, groupLaws, intervalLaws } from "./metric.ts";
import { normalizeLaws, statisticsLaws } from "./statistic.ts";
import { brokenLaws, expectLaws, type NoLaws, type Subject } from "./subject.ts";

/** Every function that padded values go through, by module; policies are audited as wholes in test/audit. */
const lawsOfModules: Readonly<Record<string, Readonly<Record<string, Subject | NoLaws>>>> = {
  "loss/velocity.ts": velocityLaws,
  "loss/reduction.ts": reductionLaws,
  "loss/weighted.ts": weightedLaws,
  "metric/group.ts": groupLaws,
  "metric/interval.ts": intervalLaws,
  "metric/action-error.ts": actionErrorLaws,
  "flow/path.ts": pathLaws,
  "flow/integrate.ts": integrateLaws,
  "flow/noise.ts": noiseLaws,
  "flow/time.ts": timeLaws,
  "nn/attention.ts": attentionLaws,
  "policy/stream.ts": { "the attention of causal steps": stepAttention("causal", "every") },
  "policy/vision.ts": visionLaws,
  "policy/video.ts": videoLaws,
  "dataset/statistics.ts": statisticsLaws,
  "embodiment/normalize.ts": normalizeLaws,
};

describe.each(Object.entries(lawsOfModules))("%s", (_, subjects) => {
  const [lawful, lawless] = [[] as [string, Subject][], [] as [string, NoLaws][]];
  for (const [name, subject] of Object.entries(subjects))
    if ("because" in subject) lawless.push([name, subject]);
    else lawful.push([name, subject]);

  it.skipIf(lawful.length === 0).each(lawful)(
    "%s keeps the laws of poison, padding, split, order and horizon",
    async (_, subject) => {
      await expectLaws(subject);
    },
  );

  it.skipIf(lawless.length === 0).each(lawless)("%s has no padded argument, and says so", (_, { because }) => {
    expect(because.split(" ").length).toBeGreaterThan(3);
  });
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
