import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cutToRobot } from "../../src/batch/cut.ts";
import { slots } from "../../src/embodiment/embodiment.ts";
import { normalize } from "../../src/embodiment/normalize.ts";
import { ownActions } from "../../src/embodiment/own-action.ts";
import { squared } from "../../src/embodiment/picture.ts";
import { type Arrays, HostArray } from "../../src/graph/host-array.ts";
import { InputError } from "../../src/input-error.ts";
import { flowInputs } from "../../src/objective/flow.ts";
import { observationFeeds } from "../../src/objective/observation-feeds.ts";
import { ActionSampler } from "../../src/objective/sample.ts";
import { readingOf, settingOf } from "../../src/recipe/plan.ts";
import { findPolicy, loadPolicy, readPolicyWeights } from "../../src/serving/load.ts";
import type { LoadedPolicy } from "../../src/serving/policy.ts";
import { type ImportedFolder, importFolder } from "../../src/training/testing/imported-run.ts";
import { Padded } from "../../src/validity/padded.ts";
import { Rules } from "../../src/validity/rules.ts";
import { Validity } from "../../src/validity/validity.ts";
import { ReferenceCase } from "../../tools/parity/case.ts";
import { compare } from "../../tools/parity/compare.ts";

/** Policies whose robots are served from what their own files say, without a dataset. */
const imported = ["pi0", "pi05", "smolvla"] as const;

describe.each(imported)("%s, imported, serves what its origin computed", (name) => {
  const from = join(import.meta.dirname, "released", name);
  let run: ImportedFolder;
  let policy: LoadedPolicy;
  let reference: ReferenceCase;
  beforeAll(async () => {
    reference = await ReferenceCase.read(from);
    run = await importFolder(from, from);
    policy = await loadPolicy(run.folder, { robots: reference.shape("raw.state")[0]!, machine: "as trained" });
  });
  afterAll(async () => {
    policy.release();
    await run.remove();
  });

  /** The requests of the case: raw states, tokens, and black pictures of the cameras that are there. */
  function requests() {
    const [robot] = policy.robots;
    const [samples = 0, width = 0] = reference.shape("raw.state");
    const [, tokens = 0] = reference.shape("in.tokens");
    const side = reference.shape(`in.image.${reference.cameras[0]!}`).at(-1)!;
    return Array.from({ length: samples }, (_, row) => {
      const real = reference.numbers("in.tokens_mask").subarray(row * tokens, (row + 1) * tokens);
      const count = real.reduce((sum, bit) => sum + bit, 0);
      const prompt = Int32Array.from(reference.numbers("in.tokens").subarray(row * tokens, row * tokens + count));
      const state = reference.numbers("raw.state").slice(row * width, (row + 1) * width);
      const black = new HostArray("h w c", [side, side, 3], "uint8", new Uint8Array(side * side * 3));
      const pictures = Object.fromEntries(
        reference.cameras.map((camera) => {
          const isThere = reference.numbers(`in.image_mask.${camera}`)[row] === 1;
          return [camera, isThere ? black : null] as const;
        }),
      );
      return {
        robot: robot!,
        observations: [{ state, pictures }] as const,
        prompt,
        noise: { seed: 1, episode: row, frame: 0, draw: 0 },
      };
    });
  }

  it("reads states in their own units, tokens and absent cameras as its origin did", () => {
    const batch = policy.perceive(requests());
    const feeds = observationFeeds(batch);
    const [rows = 0, width = 0] = reference.shape("raw.state");
    const state = Array.from(feeds.get("state")!.cells, Number);
    const own = state.filter((_, at) => at % (state.length / rows) < width);
    expect(compare("state", own, reference.numbers("processed.state"), 1e-6).apart).toBeLessThan(1e-6);
    expect(state.filter((_, at) => at % (state.length / rows) >= width).every((cell) => cell === 0)).toBe(true);
    // SmolVLA's are as long as the longest of the case.
    const isReal = Array.from(feeds.get("tokenReal")!.cells, Number);
    const [, tokens = 0] = reference.shape("in.tokens");
    const shown = isReal.filter((_, at) => at % (isReal.length / rows) < tokens);
    expect(shown).toEqual([...reference.numbers("in.tokens_mask")]);
    const masks = reference.cameras.map((camera) => reference.numbers(`in.image_mask.${camera}`));
    const wanted = Array.from({ length: policy.rows }, (_, row) => masks.map((mask) => mask[row]!)).flat();
    expect([...feeds.get("viewReal")!.cells]).toEqual(wanted);
  });

  it("makes squares of pictures as its origin did", () => {
    const { letterbox } = readingOf(policy.recipe);
    for (const camera of reference.cameras) {
      const [samples = 0, , height = 0, width = 0] = reference.shape(`raw.image.${camera}`);
      const side = reference.shape(`in.image.${camera}`).at(-1)!;
      const isThere = reference.numbers(`in.image_mask.${camera}`);
      for (let row = 0; row < samples; row++) {
        if (isThere[row] === 0) continue;
        const raw = pictureAt(reference.numbers(`raw.image.${camera}`), row, [height, width]).map((cell) => cell * 255);
        const picture = new HostArray("h w c", [height, width, 3], "uint8", Uint8Array.from(raw, Math.round));
        const found = squared(picture, side, letterbox).cells;
        const wanted = pictureAt(reference.numbers(`in.image.${camera}`), row, [side, side]);
        // Half a level where the case's pictures are made of whole numbers, and half where ours is.
        const apart = wanted.map((cell, at) => Math.abs((cell + 1) * 127.5 - found[at]!));
        expect(Math.max(...apart)).toBeLessThan(1.001);
      }
    }
  });

  it("normalises actions as its origin did", () => {
    const { action } = policy.robots[0]!.units;
    const shape = reference.shape("raw.actions");
    const raw = new HostArray("b t d", shape, "float64", reference.numbers("raw.actions"));
    const unit = normalize(Padded.of(raw, Validity.complete("b t", shape.slice(0, 2))), action);
    const apart = unit.read(
      ({ cells }) => compare("actions", cells, reference.numbers("processed.actions"), 1e-6).apart,
    );
    expect(apart).toBeLessThan(1e-6);
  });

  it("gives its origin's chunk, in unit scale and in the robot's own units", async () => {
    const found = await findPolicy(run.folder);
    const { rows } = policy;
    const sampler = await ActionSampler.compile({
      setting: { ...settingOf({ recipe: found.recipe, rules: Rules.all }, rows), pictures: "float32" },
      weights: await readPolicyWeights(found),
      placement: "written",
      answers: null,
      machine: { device: "cpu", threads: 2 },
    });
    try {
      const observed = observationFeeds(policy.perceive(requests()));
      const actions = await sampler.run(new Map([...observed, ...caseFeeds(reference)]));
      expect(compare("sampled", actions.cells, reference.numbers("out.sampled"), 1e-4).apart).toBeLessThan(1e-4);
      const { embodiment, units } = policy.robots[0]!;
      const reading = { dofs: embodiment.dofs, unit: units.action, frame: found.recipe.data.actions };
      const own = Array.from({ length: rows }, (_, row) => [
        ...ownActions(cutToRobot(actions, row, slots(embodiment.dofs)), new Float64Array(), reading).cells,
      ]);
      expect(compare("own", own.flat(), reference.numbers("out.sampled_robot"), 1e-4).apart).toBeLessThan(1e-4);
    } finally {
      sampler.release();
    }
  });

  it("acts for its robot, whose tokenizer is not known: a text is refused", async () => {
    const [first] = requests();
    const [chunk] = await policy.act([first!]);
    expect(chunk!.actions.flat().every(Number.isFinite)).toBe(true);
    const asking = policy.act([{ ...first!, prompt: "pick" }]);
    await expect(asking).rejects.toThrow(InputError);
    await expect(asking).rejects.toThrow("prompt: expected its tokens, got a text: the tokenizer of these weights");
  });
});

/** One picture `[c h w]` of several, as `[h w c]`. */
function pictureAt(pictures: Float64Array, row: number, [height, width]: readonly [number, number]): Float64Array {
  const pixels = height * width;
  return Float64Array.from(
    { length: pixels * 3 },
    (_, at) => pictures[(row * 3 + (at % 3)) * pixels + Math.floor(at / 3)]!,
  );
}

/** Pictures before they are rounded to whole numbers, and the noise that the origin began with. */
function caseFeeds(reference: ReferenceCase): Arrays {
  const [samples = 0, , height = 0, width = 0] = reference.shape(`in.image.${reference.cameras[0]!}`);
  const views = reference.cameras.length;
  const cells = new Float32Array(samples * views * height * width * 3);
  for (const [view, camera] of reference.cameras.entries())
    for (const [at, cell] of reference.numbers(`in.image.${camera}`).entries()) {
      const pixel = at % (height * width);
      const channel = Math.floor(at / (height * width)) % 3;
      const row = Math.floor(at / (height * width * 3));
      cells[((row * views + view) * height * width + pixel) * 3 + channel] = (cell + 1) * 127.5;
    }
  const noise = reference.numbers("in.first_noise");
  return new Map<string, HostArray<string, "float32">>([
    ["images", new HostArray("b o v h w c", [samples, 1, views, height, width, 3], "float32", cells)],
    [flowInputs.noise, new HostArray("b t d", reference.shape("in.first_noise"), "float32", Float32Array.from(noise))],
  ]);
}
