import { describe, expect, it } from "vitest";
import { input } from "../../graph/array.ts";
import { Scope } from "../../nn/parameter.ts";
import { observationInputs } from "../../policy/inputs.ts";
import { perceive, policyForm, velocity } from "../../policy/policy.ts";
import type { SizeChoice } from "../../policy/size.ts";
import { variants } from "../../policy/variant.ts";
import { Rules } from "../../validity/rules.ts";
import { checkTensors, foreignTensors } from "./names.ts";
import { lerobotSmolvla, publishedSmolvlaHeads, smolvlaNames } from "./smolvla.ts";

const model = "model.vlm_with_expert";
const baseTensors = foreignTensors(smolvlaNames, parametersOf("base"));
const shapes: ReadonlyMap<string, readonly number[]> = new Map([
  ...baseTensors.map(({ name, shape }) => [name, shape] as const),
  [`${model}.vlm.lm_head.weight`, [49_280, 960]],
]);

/** What `smolvla_base` says, as far as anything is read of it. */
const config = {
  type: "smolvla",
  input_features: {
    "observation.state": { type: "STATE", shape: [6] },
    "observation.images.camera1": { type: "VISUAL", shape: [3, 256, 256] },
    "observation.images.camera2": { type: "VISUAL", shape: [3, 256, 256] },
  },
  output_features: { action: { type: "ACTION", shape: [6] } },
  chunk_size: 50,
  max_state_dim: 32,
  max_action_dim: 32,
  empty_cameras: 0,
  tokenizer_max_length: 48,
  resize_imgs_with_padding: [512, 512],
  attention_mode: "cross_attn",
  self_attn_every_n_layers: 2,
  add_image_special_tokens: false,
  prefix_length: 0,
  pad_language_to: "max_length",
  num_steps: 10,
  min_period: 4e-3,
  max_period: 4,
  adapt_to_pi_aloha: false,
};

const read = (change: object, given = shapes) =>
  lerobotSmolvla(
    { where: "config.json", config: { ...config, ...change }, shapes: given },
    publishedSmolvlaHeads,
    null,
  );

describe("SmolVLA at its released size", () => {
  it.each([
    [`${model}.vlm.model.vision_model.embeddings.position_embedding.weight`, [1024, 768]],
    [`${model}.vlm.model.vision_model.encoder.layers.11.self_attn.k_proj.bias`, [768]],
    [`${model}.vlm.model.connector.modality_projection.proj.weight`, [960, 12_288]],
    [`${model}.vlm.model.text_model.embed_tokens.weight`, [49_280, 960]],
    [`${model}.vlm.model.text_model.layers.15.self_attn.k_proj.weight`, [320, 960]],
    [`${model}.lm_expert.layers.14.self_attn.q_proj.weight`, [960, 720]],
    [`${model}.lm_expert.layers.14.self_attn.k_proj.weight`, [320, 720]],
    [`${model}.lm_expert.layers.15.self_attn.k_proj.weight`, [320, 320]],
    [`${model}.lm_expert.layers.15.self_attn.o_proj.weight`, [720, 960]],
    [`${model}.lm_expert.layers.0.mlp.gate_proj.weight`, [2048, 720]],
    ["model.state_proj.weight", [960, 32]],
    ["model.action_time_mlp_in.weight", [720, 1440]],
    ["model.action_out_proj.weight", [32, 720]],
  ])("has %s with LeRobot's shape", (name, shape) => {
    expect(shapes.get(name)).toEqual(shape);
  });

  it("has LeRobot's 500 tensors and their 450,046,176 cells", () => {
    expect(shapes.size).toBe(500);
    const cells = [...shapes.values()].map((shape) => shape.reduce((product, side) => product * side, 1));
    expect(cells.reduce((sum, count) => sum + count, 0)).toBe(450_046_176);
    checkTensors("model.safetensors", smolvlaNames, baseTensors, shapes);
  });

  it("has the size that its shapes say, and its cameras in their order", () => {
    const { size, vocabulary, cameras, horizon, promptTokens } = read({});
    expect(size).toEqual(variants.smolvla.sizes.base);
    expect([vocabulary, horizon, promptTokens]).toEqual([49_280, 50, 48]);
    expect(cameras).toEqual(["observation.images.camera1", "observation.images.camera2"]);
  });
});

describe("another interleaving", () => {
  it.each([
    ["every third layer joint", { self_attn_every_n_layers: 3 }, 3],
    ["no layer joint", { self_attn_every_n_layers: -1 }, 0],
    ["every layer joint", { attention_mode: "self_attn" }, 1],
  ])("is read: %s", (_, change, jointEvery) => {
    expect(read(change).size).toMatchObject({ expert: { jointEvery } });
  });

  it("that its weights do not have is refused by their shapes", () => {
    const { size, names } = read({ self_attn_every_n_layers: 3 });
    expect(() => checkTensors("model", names, foreignTensors(names, parametersOf(size)), shapes)).toThrow(
      `model: expected other shapes: "${model}.lm_expert.layers.2.self_attn.k_proj.weight" [320,720] for [320,320]`,
    );
  });
});

describe("tokens around each picture", () => {
  it("are SmolVLM2's, read also where there is no picture", () => {
    expect(read({ add_image_special_tokens: true }).pictureMarks).toEqual({
      before: [49_189, 49_152],
      after: [49_189],
      ofAbsent: "read",
    });
    expect(read({}).pictureMarks).toBeUndefined();
  });

  it("that its table does not have are refused", () => {
    const small = new Map([...shapes, [`${model}.vlm.model.text_model.embed_tokens.weight`, [80, 960]]]);
    expect(() => read({ add_image_special_tokens: true }, small)).toThrow(
      "config.json: expected a table with the tokens around each picture, up to 49189, got 80 of them",
    );
  });
});

it("it takes as many steps to its actions as its configuration says", () => {
  expect(read({ num_steps: 4 }).integrationSteps).toBe(4);
});

describe("what is not supported is refused by one line", () => {
  const positions = `${model}.vlm.model.vision_model.embeddings.position_embedding.weight`;
  it.each([
    [{ resize_imgs_with_padding: [640, 480] }, shapes, 'expected "resize_imgs_with_padding" to be [512, 512]'],
    [{ attention_mode: "none" }, shapes, "attention_mode"],
    [{ adapt_to_pi_aloha: true }, shapes, "adapt_to_pi_aloha"],
    [{ max_period: 8 }, shapes, "max_period"],
    [
      {},
      new Map([...shapes].filter(([name]) => !/lm_expert\.layers\.([89]|1\d)\./.test(name))),
      "expected an expert of as many layers as the language model (16), got 8",
    ],
    [
      { resize_imgs_with_padding: [400, 400] },
      new Map([...shapes, [positions, [625, 768]]]),
      "expected pictures whose patches SmolVLM puts in their places, got 25 along a side",
    ],
    [
      { resize_imgs_with_padding: [480, 480] },
      new Map([...shapes, [positions, [900, 768]]]),
      "expected a connector of squares that cover 30 patches along a side, got 12288 numbers a token of patches 768 wide",
    ],
  ])("%j", (change, given, message) => {
    expect(() => read(change, given)).toThrow(message);
  });
});

function parametersOf(size: SizeChoice) {
  const scope = Scope.root(Rules.all);
  const form = policyForm(variants.smolvla, size, {
    vocabulary: 49_280,
    parts: [],
    embodiments: 1,
    crossAttentionKeys: "real",
    horizon: 2,
    actionSight: "causal",
    pastEnd: "hidden",
  });
  const sizes = { rows: 1, steps: 2, actionWidth: 32, stateWidth: 32, views: 1, observations: 1, tokens: 2 };
  const observation = observationInputs(
    { ...sizes, responseTokens: 0, actionTokens: 0, pictureSize: 512 },
    Rules.all,
    "uint8",
  );
  velocity(scope, form, perceive(scope, form, observation), {
    noisy: input("noisy", "b t d", [1, 2, 32], "float32"),
    timeEmbedding: input("timeEmbedding", "b t e", [1, 2, 720], "float32"),
  });
  return scope.parameters;
}
