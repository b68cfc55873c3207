import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BatchMaker } from "../batch/maker.ts";
import { openMixture } from "../mixture/mixture.ts";
import { draw } from "../mixture/sampler.ts";
import { mixtureOf } from "../recipe/mixture-of.ts";
import { layoutOf, loadPlanOf, planOf } from "../recipe/plan.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { fitFastTo } from "./fit-fast.ts";

let cache = "";
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "armature-fit-fast-"));
});
afterAll(() => rm(cache, { recursive: true }));

const wanted = { recipe: awkwardRecipe, chunks: 24, scale: 10, vocabulary: 260 };

describe("a tokenizer that is fitted to a mixture of robots, one of them without actions", () => {
  it("is the same each time, and tells how far it is", async () => {
    const seen: number[] = [];
    const one = await fitFastTo({ ...wanted, cache }, (done, total) => seen.push(done / total));
    expect(await fitFastTo({ ...wanted, cache }, () => {})).toEqual(one);
    expect(one.tokenizer.merges.length).toBeGreaterThan(0);
    expect([one.chunks, seen.at(-1)]).toEqual([24, 1]);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    // Rounded to tenths, a coefficient is off by 0.1 / √12 on average, and so is an action, since the transform keeps lengths.
    expect(Math.abs(one.error / (0.1 / Math.sqrt(12)) - 1)).toBeLessThan(0.2);
  });

  it("says in training what it was fitted to: of steps inside the episode and of the robot's own dofs, or nothing", async () => {
    const { tokenizer, longest } = await fitFastTo({ ...wanted, cache }, () => {});
    const open = await openMixture(mixtureOf(awkwardRecipe));
    const plan = await planOf(awkwardRecipe, open, cache);
    await open.close();
    const maker = await BatchMaker.open({ ...loadPlanOf(plan), answers: { tokenizer } });
    try {
      const { mixture } = plan;
      const all = Array.from({ length: 60 }, (_, n) => draw(mixture.seed, mixture.members, n));
      const hasTarget = ({ member }: (typeof all)[number]) => mixture.members[member]!.embodiment.target === "actions";
      const first = all.filter(hasTarget).slice(0, 24);
      const robotless = all.find((one) => !hasTarget(one))!;
      const draws = [...first, robotless];
      const layout = { ...layoutOf(awkwardRecipe, draws.length), actionTokens: 80 };
      const { facts } = await maker.make({ purpose: "train", layout, draws });
      const lengths = draws.map((_, row) =>
        facts.actionTokenReal.bits.subarray(row * 80, (row + 1) * 80).reduce((sum, bit) => sum + bit, 0),
      );
      expect([Math.max(...lengths), lengths.at(-1)]).toEqual([longest, 0]);
      // The token that begins, eight letters and a colon, one token of action or more, the end.
      expect(Math.min(...lengths.slice(0, -1))).toBeGreaterThanOrEqual(1 + 8 + 1 + 1);
    } finally {
      await maker.close();
    }
  });
});

it("a vocabulary without room for the letters is refused with what helps", async () => {
  await expect(fitFastTo({ ...wanted, vocabulary: 4, cache }, () => {})).rejects.toThrow(
    /^fit: expected room for \d+ letters in the vocabulary, got 4 tokens; raise --vocabulary or lower --scale$/,
  );
});
