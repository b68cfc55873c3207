import { describe, expect, it } from "vitest";
import { input } from "../../graph/array.ts";
import { Scope, zero } from "../../nn/parameter.ts";
import { observationInputs } from "../../policy/inputs.ts";
import { perceive, policyForm, velocity } from "../../policy/policy.ts";
import { type VariantName, variants } from "../../policy/variant.ts";
import { Rules } from "../../validity/rules.ts";
import { foreignTensors } from "./names.ts";
import { openpiAdaptiveNames, openpiNames } from "./openpi.ts";

const paligemma = "paligemma_with_expert.paligemma.model";
const expert = "paligemma_with_expert.gemma_expert.model";

describe("π0 at its released size", () => {
  const tensors = new Map(foreignTensors(openpiNames, basePolicy("pi0")).map((tensor) => [tensor.name, tensor]));

  it.each([
    [`${paligemma}.vision_tower.vision_model.embeddings.patch_embedding.weight`, [1152, 3, 14, 14]],
    [`${paligemma}.vision_tower.vision_model.embeddings.position_embedding.weight`, [256, 1152]],
    [`${paligemma}.vision_tower.vision_model.encoder.layers.26.self_attn.k_proj.weight`, [1152, 1152]],
    [`${paligemma}.vision_tower.vision_model.encoder.layers.26.self_attn.k_proj.bias`, [1152]],
    [`${paligemma}.vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight`, [4304, 1152]],
    [`${paligemma}.vision_tower.vision_model.post_layernorm.bias`, [1152]],
    [`${paligemma}.multi_modal_projector.linear.weight`, [2048, 1152]],
    [`${paligemma}.language_model.embed_tokens.weight`, [257152, 2048]],
    [`${paligemma}.language_model.layers.17.self_attn.k_proj.weight`, [256, 2048]],
    [`${paligemma}.language_model.layers.17.mlp.down_proj.weight`, [2048, 16384]],
    [`${paligemma}.language_model.norm.weight`, [2048]],
    [`${expert}.layers.17.self_attn.q_proj.weight`, [2048, 1024]],
    [`${expert}.layers.0.self_attn.o_proj.weight`, [1024, 2048]],
    [`${expert}.layers.0.mlp.gate_proj.weight`, [4096, 1024]],
    [`${expert}.norm.weight`, [1024]],
    ["state_proj.weight", [1024, 32]],
    ["action_in_proj.bias", [1024]],
    ["action_time_mlp_in.weight", [1024, 2048]],
    ["action_out_proj.weight", [32, 1024]],
  ])("has %s with openpi's shape", (name, shape) => {
    expect(tensors.get(name)?.shape).toEqual(shape);
  });

  it("has each of openpi's tensors once", () => {
    const inTower = 27 * 16 + 3 + 2 + 2;
    const inTrunk = 18 * 9 + 1;
    expect(tensors.size).toBe(basePolicy("pi0").length);
    expect(tensors.size).toBe(inTower + 2 * inTrunk + 1 + 10);
  });
});

describe("π0.5 at its released size", () => {
  const all = foreignTensors(openpiAdaptiveNames, basePolicy("pi05"));
  const tensors = new Map(all.map((tensor) => [tensor.name, tensor]));

  it.each([
    [`${expert}.layers.17.input_layernorm.dense.weight`, [3072, 1024]],
    [`${expert}.layers.0.post_attention_layernorm.dense.bias`, [3072]],
    [`${expert}.norm.dense.weight`, [3072, 1024]],
    [`${paligemma}.language_model.layers.0.input_layernorm.weight`, [2048]],
    ["time_mlp_in.weight", [1024, 1024]],
    ["time_mlp_out.bias", [1024]],
    ["action_in_proj.weight", [1024, 32]],
  ])("has %s with openpi's shape", (name, shape) => {
    expect(tensors.get(name)?.shape).toEqual(shape);
  });

  it("has each of openpi's tensors once, without a map of the state or a weight in a norm of the expert", () => {
    const inTower = 27 * 16 + 3 + 2 + 2;
    expect(tensors.size).toBe(all.length);
    expect(tensors.size).toBe(inTower + (18 * 9 + 1) + (18 * 11 + 2) + 1 + 8);
    const names = [...tensors.keys()];
    expect(names.filter((name) => name.startsWith(expert) && name.endsWith("norm.weight"))).toEqual([]);
    expect(names.filter((name) => name.startsWith("state") || name.startsWith("action_time"))).toEqual([]);
  });

  it("is PaliGemma 3B, as many parameters as it was published with, an expert and five maps", () => {
    const count = (prefix: string) =>
      all.reduce((sum, { name, shape }) => sum + (name.startsWith(prefix) ? shape.reduce((a, b) => a * b, 1) : 0), 0);
    const adaptive = 3 * 1024 * (1024 + 1);
    const layer = 2 * 1024 * 2048 + 2 * 1024 * 256 + 3 * 1024 * 4096 + 2 * adaptive;
    expect(count(paligemma)).toBe(2_923_335_408);
    expect(count(expert)).toBe(18 * layer + adaptive);
    expect(count("time_mlp")).toBe(2 * 1024 * (1024 + 1));
    expect(count("action_")).toBe(1024 * 32 + 1024 + 32 * 1024 + 32);
    expect(count("")).toBe(count(paligemma) + count(expert) + count("time_mlp") + count("action_"));
  });
});

it("a tensor has the shape that our axes make: heads and their width are one axis there", () => {
  expect(
    foreignTensors(openpiNames, [
      { name: "expert.layer.3.out.weight", axes: "e a f", shape: [24, 4, 8], initial: zero },
    ]),
  ).toEqual([
    {
      parameter: "expert.layer.3.out.weight",
      name: `${expert}.layers.3.self_attn.o_proj.weight`,
      shape: [24, 32],
      axes: "e a f",
    },
  ]);
});

it("a parameter that openpi lacks, or one with other axes, is refused by name", () => {
  const form = { axes: "e d", shape: [4, 2], initial: zero };
  expect(() => foreignTensors(openpiNames, [{ ...form, name: "history.weight" }])).toThrow(
    'openpi: expected a parameter that it has, got "history.weight"',
  );
  expect(() => foreignTensors(openpiNames, [{ ...form, name: "action.in.weight", axes: "d e" }])).toThrow(
    'openpi: expected "action.in.weight" with the axes "e d", got "d e"',
  );
});

it("the table of tokens may stand under its tied name, and the expert's own head is no part of any policy", () => {
  const names = foreignTensors(openpiNames, basePolicy("pi0")).map(({ name }) => name);
  for (const name of openpiNames.tied.keys()) expect(names).toContain(name);
  for (const name of [...openpiNames.tied.values(), ...openpiNames.unused]) expect(names).not.toContain(name);
});

function basePolicy(variant: Extract<VariantName, "pi0" | "pi05">) {
  const scope = Scope.root(Rules.all);
  const form = policyForm(variants[variant], "base", {
    vocabulary: 257152,
    parts: [],
    embodiments: 1,
    crossAttentionKeys: "real",
    horizon: 2,
    actionSight: "both",
    pastEnd: "hidden",
  });
  const sizes = { rows: 1, steps: 2, actionWidth: 32, stateWidth: 32, views: 1, observations: 1, tokens: 2 };
  const observation = observationInputs(
    { ...sizes, responseTokens: 0, actionTokens: 0, pictureSize: 224 },
    Rules.all,
    "uint8",
  );
  velocity(scope, form, perceive(scope, form, observation), {
    noisy: input("noisy", "b t d", [1, 2, 32], "float32"),
    timeEmbedding: input("timeEmbedding", "b t e", [1, 2, 1024], "float32"),
  });
  return scope.parameters;
}
