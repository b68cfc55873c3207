import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readManifest, readWeights } from "../checkpoint/checkpoint.ts";
import { backbone, expert, published, tower } from "../checkpoint/import/testing/published-copy.ts";
import { readSafetensors } from "../checkpoint/safetensors.ts";
import { checkpointFolder } from "../checkpoint/store.ts";
import type { Weights } from "../checkpoint/weights.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import { localWorlds, onRanks } from "../ranks/testing/local-worlds.ts";
import type { Recipe } from "../recipe/schema.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { checkStart, type Start } from "./begin.ts";
import { trainPolicy } from "./train.ts";
import { unwatched } from "./watcher.ts";

const place = mkdtempSync(join(tmpdir(), "armature-backbone-"));
afterAll(() => rmSync(place, { recursive: true }));

const recipe: Recipe = {
  ...awkwardRecipe,
  policy: { ...awkwardRecipe.policy, size: { vision: tower, backbone, expert } },
  validation: { ...awkwardRecipe.validation, everySteps: 0 },
};
const of = (...names: string[]): Start => ({ kind: "backbone", folders: names.map((name) => join(published, name)) });

interface Asked {
  readonly start: Start;
  /** 0: stopped before the first step. */
  readonly until: number;
  readonly recipe?: Recipe;
}

/** Trains in a folder of this name: what was noted, and the weights in the end. */
async function trained(name: string, { start, until, recipe: own = recipe }: Asked) {
  const notes: string[] = [];
  const request = { recipe: own, folder: join(place, name), start, until: 4, cache: join(place, "cache") };
  let steps = 0;
  await trainPolicy(
    { ...request, world: await aloneWorld() },
    {
      ...unwatched,
      note: (note) => notes.push(note),
      stepped: ({ step }) => {
        steps = step;
      },
      isStopped: () => steps >= until,
    },
  );
  return { notes, weights: await weightsAt(name, until) };
}

async function weightsAt(name: string, step: number): Promise<Weights> {
  const folder = checkpointFolder(join(place, name), step);
  return await readWeights(folder, await readManifest(folder));
}

const cellsOf = ({ parameters }: Weights, name: string) => [...parameters.get(name)!.cells];

it("a run begins with a model's weights where it has some, with those of a new run elsewhere, and writes that down", async () => {
  const { weights } = await trained("taken", { start: of("gemma", "siglip"), until: 0 });
  const { weights: drawn } = await trained("drawn", { start: { kind: "new" }, until: 0 });
  const words = await readSafetensors(join(published, "gemma", "model.safetensors"));
  const pictures = await readSafetensors(join(published, "siglip", "model.safetensors"));
  for (const [ours, theirs] of [
    ["embedding.weight", words.get("lm_head.weight")],
    ["backbone.layer.2.value.weight", words.get("model.layers.2.self_attn.v_proj.weight")],
    ["vision.tower.position", pictures.get("vision_model.embeddings.position_embedding.weight")],
  ] as const)
    expect(cellsOf(weights, ours)).toEqual([...theirs!.cells]);
  const isTaken = (name: string) => /^(embedding|backbone|vision\.tower)\./.test(name);
  const rest = [...drawn.parameters].filter(([name]) => !isTaken(name));
  expectSameBits("rest", new Map([...weights.parameters].filter(([name]) => !isTaken(name))), new Map(rest));
  expect(rest.length).toBeGreaterThan(20);
  expect([...weights.parameters.keys()]).toEqual([...drawn.parameters.keys()]);
  for (const { cells } of weights.firstMoments.values()) expect(cells.every((cell) => cell === 0)).toBe(true);
  const { models } = JSON.parse(readFileSync(join(place, "taken", "backbone.json"), "utf8"));
  expect(models).toMatchObject([
    { folder: join(published, "gemma"), type: "gemma", parts: [{ part: "language model", tensors: 22 }] },
    { folder: join(published, "siglip"), type: "siglip", parts: [{ part: "image tower", tensors: 37 }] },
  ]);
  expect(existsSync(join(place, "drawn", "backbone.json"))).toBe(false);
});

it("it says what it took, what stays behind, what it computes otherwise, and that bytes are other tokens", async () => {
  const smol: Recipe = {
    ...recipe,
    policy: {
      ...recipe.policy,
      variant: "smolvla",
      size: {
        vision: { ...tower, square: 2 },
        backbone: { ...backbone, layers: 2 },
        expert: { ...expert, layers: 2, jointEvery: 2 },
      },
    },
  };
  const { notes } = await trained("said", { start: of("smolvlm"), until: 0, recipe: smol });
  const folder = join(published, "smolvlm");
  expect(notes).toEqual([
    `${folder}: begins with the language model (13 tensors, 2 of 3 layers), image tower (37 tensors) and connector (1 tensors) of smolvlm`,
    `${folder}: left behind 17 tensors: "lm_head.weight", "model.text_model.layers.1.mlp.down_proj.weight", ` +
      '"model.text_model.layers.1.mlp.gate_proj.weight", "model.text_model.layers.1.mlp.up_proj.weight" and 13 more',
    `${folder}: the model had an embedding times one, here root of width; pictures times one, here root of width; ` +
      "an epsilon of 0.000001 in norms of the language model, here 0.00001",
    "prompts are bytes, which the table of tokens was not taught; name the model's folder in policy.tokenizer",
  ]);
  const { notes: ofTower } = await trained("tower", { start: of("siglip_vision_model"), until: 0 });
  expect(ofTower).toEqual([
    `${join(published, "siglip_vision_model")}: begins with the image tower (37 tensors) of siglip_vision_model`,
    expect.stringContaining("siglip_vision_model: left behind "),
  ]);
});

it("one that is stopped and goes on, and two ranks, come to the weights of one that is not", async () => {
  const start = of("paligemma");
  const { weights } = await trained("straight", { start, until: 4 });
  await trained("stopped", { start, until: 0 });
  const resumed = await trained("stopped", { start: { kind: "resume" }, until: 4 });
  expectSameBits("resumed", resumed.weights.parameters, weights.parameters);
  const ranks = await localWorlds(2, 60);
  const request = { recipe, folder: join(place, "ranks"), start, until: 4, cache: join(place, "cache") };
  await onRanks(ranks, (world) => trainPolicy({ ...request, world }, unwatched));
  expectSameBits("ranks", (await weightsAt("ranks", 4)).parameters, weights.parameters);
  await onRanks(ranks, (world) => world.close());
});

it("adapters are learnt beside a model's weights, which stay as they are", async () => {
  const adapters = { rank: 2, alpha: 4, below: ["backbone"] };
  const adapted: Recipe = { ...recipe, policy: { ...recipe.policy, adapters } };
  const { weights } = await trained("adapted", { start: of("paligemma"), until: 4, recipe: adapted });
  const theirs = await readSafetensors(join(published, "paligemma", "model.safetensors"));
  const key = "backbone.layer.0.key";
  expect(cellsOf(weights, `${key}.weight`)).toEqual([
    ...theirs.get("language_model.model.layers.0.self_attn.k_proj.weight")!.cells,
  ]);
  expect(cellsOf(weights, `adapter.${key}.up.weight`).some((cell) => cell !== 0)).toBe(true);
});

it("whether a policy can begin with models is known before any data is read, and nothing is written to find out", async () => {
  const folder = join(place, "checked");
  await checkStart(folder, recipe, of("paligemma"));
  for (const [start, message] of [
    [of("nowhere"), `${join(published, "nowhere")}: expected the folder of a published model, got nothing there`],
    [of("llama"), "llama/config.json: expected a language model of the layers that policy.variant has"],
    [of("gemma", "paligemma"), "--init-backbone: expected each part once, got the language model of"],
  ] as const)
    await expect(checkStart(folder, recipe, start)).rejects.toThrow(message);
  expect(readdirSync(place)).not.toContain("checked");
  await expect(checkStart(join(place, "taken"), recipe, of("gemma"))).rejects.toThrow("expected a new or empty folder");
});
