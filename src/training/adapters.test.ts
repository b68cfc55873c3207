import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { microLayout } from "../batch/testing/micro-layout.ts";
import { readManifest, readParameters } from "../checkpoint/checkpoint.ts";
import { checkpointFolder } from "../checkpoint/store.ts";
import { HostArray } from "../graph/host-array.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { expectClose } from "../graph/testing/close.ts";
import { isOfAdapter } from "../nn/adapter.ts";
import { mergeAdapters } from "../nn/merge-adapters.ts";
import { initialValues } from "../nn/parameter.ts";
import { traceObjectives } from "../objective/objective.ts";
import type { Setting } from "../objective/traced.ts";
import { variants } from "../policy/variant.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import type { Recipe } from "../recipe/schema.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { recipe } from "../recipe/testing/recipe.ts";
import { Rules } from "../validity/rules.ts";
import type { Start } from "./begin.ts";
import { trainedBy } from "./begin.ts";
import { MicroPolicy, microWeights, nothing, testForm } from "./testing/micro-policy.ts";
import { trainMicroRun } from "./testing/micro-run.ts";
import { trainPolicy } from "./train.ts";
import { unwatched } from "./watcher.ts";

const layout = { ...microLayout, rows: 4 };
const batch = raggedBatch(layout, 3);
const adapters = { rank: 2, alpha: 3, below: ["backbone", "expert"] };
const form = testForm(variants.pi0, "micro", layout, 0);
const rest = { layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" } as const;
const plain: Setting = { form, ...rest };
const adapted: Setting = { form: { ...form, adapters }, ...rest };
const weights = microWeights(plain);

async function outcomeOf(setting: Setting, values: typeof weights) {
  const policy = await MicroPolicy.compile(setting);
  const outcome = await policy.outcome(batch, values, nothing);
  policy.release();
  return outcome;
}

describe("a policy with adapters", () => {
  const forms = traceObjectives(adapted).parameters;
  const own = forms.filter(({ name }) => isOfAdapter(name));

  it("computes at first what it computes without, to the bit", async () => {
    const begun = await outcomeOf(adapted, new Map([...weights, ...initialValues(own, 1)]));
    const others = Object.fromEntries(Object.entries(begun).filter(([name]) => !name.includes("adapter.")));
    expectSameBits("outcome", others, await outcomeOf(plain, weights));
  });

  it("computes what the weights compute that both are merged into", async () => {
    const told = new Map(
      own.map(({ name, axes, shape }) => {
        const count = shape.reduce((product, size) => product * size, 1);
        const cells = Float32Array.from({ length: count }, (_, at) => 0.1 * Math.sin(at + name.length));
        return [name, new HostArray(axes, shape, "float32", cells)];
      }),
    );
    const values = new Map([...weights, ...told]);
    const [apart, merged] = [await outcomeOf(adapted, values), await outcomeOf(plain, mergeAdapters(values, adapters))];
    for (const name of ["loss", "actions"])
      expectClose(name, apart[name]!, [...merged[name]!], {
        absolute: 2e-5,
        relative: 2e-5,
        because: "float32, summed in another order through six layers",
      });
    expect(apart.loss).not.toEqual((await outcomeOf(plain, weights)).loss);
  });

  it("trains its adapters, and what is neither adapted nor frozen", () => {
    const asked = { ...recipe, optimizer: { ...recipe.optimizer, frozen: ["vision", "embedding"] } };
    const trained = [...trainedBy({ ...asked, policy: { ...asked.policy, adapters } }, forms)];
    expect(trained.filter((name) => isOfAdapter(name))).toEqual(own.map(({ name }) => name));
    expect(trained).toContain("backbone.layer.0.norm.attention.weight");
    expect(trained).toContain("action.out.weight");
    expect(trained.filter((name) => /^(backbone|expert)\.layer\.\d\.(query|key|value|out|mlp)/.test(name))).toEqual([]);
  });

  it("is refused where a module has no layers to adapt", () => {
    const asked = { ...recipe, optimizer: { ...recipe.optimizer, frozen: [] } };
    const policy = { ...asked.policy, adapters: { ...adapters, below: ["backbone", "state"] } };
    expect(() => trainedBy({ ...asked, policy }, forms)).toThrow(
      'policy.adapters.below: expected modules with layers of attention and feed-forward, such as "backbone", got "state"',
    );
  });
});

describe("fine-tuning a run by adapters", () => {
  it("begins with its weights, moves the adapters alone, and resumes to the bit", async () => {
    const base = await trainMicroRun(awkwardRecipe, 2);
    const frozen = ["vision", "embedding", "state", "action", "backbone", "expert"];
    const recipe: Recipe = {
      ...awkwardRecipe,
      optimizer: { ...awkwardRecipe.optimizer, frozen },
      policy: { ...awkwardRecipe.policy, adapters },
    };
    const request = { recipe, cache: base.cache, world: await aloneWorld() };
    const init = { kind: "init", from: base.folder, allowed: new Set<never>() } as const;
    const tuned = (name: string, until: number, start: Start) =>
      trainPolicy({ ...request, folder: join(base.cache, name), start, until }, unwatched);
    const { state } = await tuned("tuned", 3, init);
    const before = await readParameters(
      checkpointFolder(base.folder, 2),
      await readManifest(checkpointFolder(base.folder, 2)),
      "parameters",
    );
    for (const [name, { cells }] of before) expectSameBits(name, state.parameters.get(name)!.cells, cells);
    const up = [...state.parameters].filter(([name]) => name.endsWith(".up.weight"));
    expect(up.length).toBeGreaterThan(10);
    for (const [name, { cells }] of up) expect([name, cells.some((cell) => cell !== 0)]).toEqual([name, true]);
    await tuned("halted", 1, init);
    const resumed = await tuned("halted", 3, { kind: "resume" });
    for (const [name, { cells }] of state.parameters)
      expectSameBits(name, resumed.state.parameters.get(name)!.cells, cells);
    await base.remove();
  });
});
