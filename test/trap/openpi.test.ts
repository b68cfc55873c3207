import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeBatch, encodeBatch, type Facts } from "../../src/batch/batch.ts";
import { BatchMaker } from "../../src/batch/maker.ts";
import { unrealCells } from "../../src/batch/poison.ts";
import { exampleBatch } from "../../src/batch/testing/example-batch.ts";
import { withFact } from "../../src/batch/testing/with-fact.ts";
import type { Feature } from "../../src/dataset/dataset.ts";
import type { Mapping } from "../../src/embodiment/mapping.ts";
import { aloha, droid, libero } from "../../src/embodiment/robot.ts";
import { zeros } from "../../src/graph/host-array.ts";
import { expectSameBits } from "../../src/graph/testing/bits.ts";
import { countsOf, fillCellWeights, reductions, type Term } from "../../src/loss/reduction.ts";
import { openMixture } from "../../src/mixture/mixture.ts";
import { mixtureOf } from "../../src/recipe/mixture-of.ts";
import { layoutOf, loadPlanOf, planOf } from "../../src/recipe/plan.ts";
import type { Recipe } from "../../src/recipe/schema.ts";
import { plainRecipe } from "../../src/recipe/testing/awkward-recipe.ts";
import { Rules } from "../../src/validity/rules.ts";
import { changed, hidden, layout, outcomeOf, ragged, releasePolicies } from "./policy.ts";

afterAll(releasePolicies);

it("openpi 681 and PR 894: steps past the episode's end do not teach", async () => {
  expect(changed(await outcomeOf("flow", null, ragged), await outcomeOf("flow", null, ragged, hidden))).toEqual([]);
  const rule = "loss-steps";
  const found = changed(await outcomeOf("flow", rule, ragged), await outcomeOf("flow", rule, ragged, hidden));
  expect(found).toContain("loss");
  expect(found).not.toContain("actions");
});

it("openpi PR 871: padded dims do not teach, and their mask does not dilute", async () => {
  // Every dof of the first row padded away but one: its errors weigh what those of a whole row would.
  const batch = withFact(exampleBatch(layout, 2), "dofReal", (at) => (at > 0 && at < layout.actionWidth ? 0 : 1));
  const { errors, loss } = await outcomeOf("flow", null, batch);
  const cells = layout.steps * (1 + 3 * layout.actionWidth);
  const sum = errors!.reduce((all, error) => all + error, 0);
  expect(errors!.filter((error) => error !== 0)).toHaveLength(cells);
  expect(loss![0]).toBeCloseTo(sum / cells, 5);
});

describe("openpi fork, the review of action_is_pad", () => {
  const term = (reduction: Term["reduction"]): Term => ({
    name: "velocity",
    errors: "velocity",
    slots: [0],
    reduction,
    weight: 1,
  });
  const lossOf = (reduction: Term["reduction"], rules: Rules) => {
    const bySlot = zeros("b d", [1, 1], "float64");
    bySlot.cells[0] = 3;
    const counts = { bySlot, perSlot: 4 };
    const weights = zeros("b d", [1, 1], "float32");
    fillCellWeights(weights, term(reduction), counts, { whole: countsOf(term(reduction), counts), rules });
    return weights.cells[0]! * (0.5 + 0.3 + 0.4);
  };

  it.each(reductions)(
    "dilution: [0.5, 0.3, 0.4, unreal] is 0.40 over %s, and 0.30 only without the rule",
    (reduction) => {
      expect(lossOf(reduction, Rules.all)).toBeCloseTo(0.4, 6);
      expect(lossOf(reduction, Rules.without("denominator"))).toBeCloseTo(0.3, 6);
    },
  );

  it("an example batch is not all padding: all of it is real, and it has a loss", async () => {
    const batch = exampleBatch(layout, 2);
    for (const cells of Object.values(unrealCells(batch))) expect(cells.some((bit: number) => bit === 1)).toBe(false);
    const { errors } = await outcomeOf("flow", null, batch);
    expect(errors!.every((error) => error > 0)).toBe(true);
  });

  it("the mask is the one of the batch that the policy reads: keys and loss follow it together", async () => {
    const shorter = withFact(ragged, "stepReal", (at, before) => (at % layout.steps === 0 ? before : 0));
    // Where steps read each other both ways: no mask reaches the keys of a causal one.
    const rule = "step-order";
    const [long, short] = [await outcomeOf("flow", rule, ragged), await outcomeOf("flow", rule, shorter)];
    const taught = (errors: Float64Array) => errors.filter((error) => error !== 0).length;
    expect(taught(short.errors!)).toBeLessThan(taught(long.errors!));
    // The one step that is left reads fewer keys: what it says is another.
    const first = (actions: Float64Array) => [...actions.subarray(0, layout.actionWidth)];
    expect(first(short.actions!)).not.toEqual(first(long.actions!));
  });

  it("no field is lost on the way between workers", () => {
    const encoded = encodeBatch(ragged);
    const arrived = decodeBatch(structuredClone(encoded));
    expectSameBits("batch", arrived, ragged);
    const bitsOf = (facts: Facts) => Object.entries(facts).map(([name, { bits }]) => [name, ...bits]);
    expect(bitsOf(arrived.facts)).toEqual(bitsOf(ragged.facts));
    for (const name of Object.keys(encoded.facts)) {
      const facts = Object.fromEntries(Object.entries(encoded.facts).filter(([other]) => other !== name));
      const lost = Object.assign({}, encoded, { facts });
      expect(() => decodeBatch(lost)).toThrow(/expected an encoded validity/);
    }
  });

  describe("a mask that only one adapter extracts", () => {
    let cache = "";
    beforeEach(async () => {
      cache = await mkdtemp(join(tmpdir(), "armature-trap-"));
    });
    afterEach(() => rm(cache, { recursive: true }));

    const vector = (key: string, width: number): Feature => ({ key, type: "float32", shape: [width], names: null });
    const camera = (key: string): Feature => ({ key, type: "video", shape: [8, 8, 3], names: null });
    const robots: readonly (readonly [string, Mapping, readonly Feature[], number])[] = [
      [
        "ALOHA",
        aloha,
        [vector("action", 14), vector("observation.state", 14), camera("observation.images.cam_high")],
        14,
      ],
      [
        "DROID",
        droid,
        [
          vector("actions", 8),
          vector("joint_position", 7),
          vector("gripper_position", 1),
          camera("exterior_image_1_left"),
        ],
        8,
      ],
      ["LIBERO", libero, [vector("actions", 7), vector("state", 8), camera("image")], 7],
    ];

    it.each(robots)(
      "%s: the steps past the end are known in the batch that training takes",
      async (name, mapping, features, width) => {
        const recipe = recipeFor(name, { ...mapping, cameras: { camera: features.at(-1)!.key } }, features);
        const open = await openMixture(mixtureOf(recipe));
        const plan = await planOf(recipe, open, cache);
        await open.close();
        const maker = await BatchMaker.open(loadPlanOf(plan));
        const { train } = plan.mixture.members[0]!;
        const last = train.starts[1]! - 1;
        const draws = [{ member: 0, episode: train.episodes[0]!, frame: last - 1, draw: 0 }];
        const batch = await maker.make({ purpose: "train", layout: layoutOf(recipe, 2), draws });
        await maker.close();
        expect([...batch.facts.stepReal.bits]).toEqual([1, 1, 0, 0, 0, ...Array(5).fill(0)]);
        expect(batch.actions.valid.count).toBe(2 * width);
      },
    );
  });
});

/** A recipe of one generated robot that is read by a mapping. */
function recipeFor(name: string, mapping: Mapping, features: readonly Feature[]): Recipe {
  const description = {
    robotType: "robot",
    framesPerSecond: 5,
    features: features.map(({ shape, names, ...feature }) => ({
      ...feature,
      shape: [...shape],
      names: names && [...names],
    })),
    episodeLengths: [9, 8],
    tasks: ["go"],
    seed: 1,
  };
  const source = { kind: "generated", description } as const;
  const plain = plainRecipe([{ name, source, episodes: "all", role: "train", weight: 1, mapping }], ["camera"]);
  return {
    ...plain,
    data: { ...plain.data, actions: "absolute" },
    policy: { ...plain.policy, actionWidth: 14, stateWidth: 14 },
  };
}
