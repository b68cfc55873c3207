import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { input } from "../../graph/array.ts";
import { Scope } from "../../nn/parameter.ts";
import { observationInputs } from "../../policy/inputs.ts";
import { perceive, policyForm, velocity } from "../../policy/policy.ts";
import { variants } from "../../policy/variant.ts";
import { Rules } from "../../validity/rules.ts";
import { type GivenFacts, nothingGiven, readForeignPolicy, readForeignWeights } from "./foreign.ts";
import { lerobotGroot, nvidiaGroot } from "./groot.ts";
import { grootNames } from "./groot-names.ts";
import { foreignTensors } from "./names.ts";
import { jsonOf, TensorSource } from "./tensor-source.ts";

/** What nobody says beside NVIDIA's files. */
const nobody = { embodiment: null, cameras: null };

/** What the head of a row at its size `base` asks for. */
function headForms(variant: "groot_n15" | "groot_n17", widths: { readonly d: number; readonly s: number }) {
  const { d, s } = widths;
  const form = policyForm(variants[variant], "base", {
    vocabulary: 300,
    parts: [],
    embodiments: 32,
    crossAttentionKeys: "asReleasedGr00t",
    horizon: 16,
    actionSight: "both",
    pastEnd: "seen",
  });
  const layout = {
    rows: 1,
    steps: 16,
    actionWidth: d,
    stateWidth: s,
    views: 1,
    observations: 1,
    tokens: 4,
    responseTokens: 0,
    actionTokens: 0,
    pictureSize: 224,
  };
  const scope = Scope.root(Rules.all);
  const perceived = perceive(scope, form, observationInputs(layout, Rules.all, "uint8"));
  velocity(scope, form, perceived, {
    noisy: input("noisy", "b t d", [1, 16, d], "float32"),
    timeEmbedding: input("timeEmbedding", "b t e", [1, 16, 1536 + 256], "float32"),
  });
  return scope.parameters.filter(({ name }) => name.startsWith("groot."));
}

describe("GR00T's heads at their released sizes", () => {
  const n15 = new Map(
    foreignTensors(grootNames, headForms("groot_n15", { d: 32, s: 64 })).map(({ name, shape }) => [name, shape]),
  );
  const n17 = new Map(
    foreignTensors(grootNames, headForms("groot_n17", { d: 132, s: 132 })).map(({ name, shape }) => [name, shape]),
  );

  it.each([
    ["state_encoder.layer1.W", [32, 64, 1024]],
    ["state_encoder.layer2.b", [32, 1536]],
    ["action_encoder.W1.W", [32, 32, 1536]],
    ["action_encoder.W2.W", [32, 3072, 1536]],
    ["action_decoder.layer1.W", [32, 1024, 1024]],
    ["action_decoder.layer2.W", [32, 1024, 32]],
    ["future_tokens.weight", [32, 1536]],
    ["position_embedding.weight", [1024, 1536]],
    ["vlln.weight", [2048]],
    ["vl_self_attention.transformer_blocks.3.attn1.to_q.weight", [2048, 2048]],
    ["vl_self_attention.transformer_blocks.0.ff.net.0.proj.weight", [8192, 2048]],
    ["vl_self_attention.transformer_blocks.0.norm3.bias", [2048]],
    ["model.timestep_encoder.timestep_embedder.linear_1.weight", [1536, 256]],
    ["model.transformer_blocks.14.attn1.to_k.weight", [1536, 2048]],
    ["model.transformer_blocks.15.attn1.to_k.weight", [1536, 1536]],
    ["model.transformer_blocks.0.norm1.linear.weight", [3072, 1536]],
    ["model.transformer_blocks.0.ff.net.2.weight", [1536, 6144]],
    ["model.proj_out_1.weight", [3072, 1536]],
    ["model.proj_out_2.weight", [1024, 1536]],
  ])("N1.5 has %s with NVIDIA's shape", (name, shape) => {
    expect(n15.get(`action_head.${name}`)).toEqual(shape);
  });

  it("N1.7 has twice the blocks, wider robots and no future tokens", () => {
    expect(n17.get("action_head.model.transformer_blocks.31.attn1.to_k.weight")).toEqual([1536, 1536]);
    expect(n17.get("action_head.action_decoder.layer2.W")).toEqual([32, 1024, 132]);
    expect(n17.has("action_head.future_tokens.weight")).toBe(false);
    expect(n15.has("action_head.model.transformer_blocks.16.attn1.to_k.weight")).toBe(false);
  });
});

const released = join(import.meta.dirname, "../../../test/parity/released");
const given: GivenFacts = { ...nothingGiven, headWidth: 12, featureHeadWidth: 8 };

async function headIn(folder: string) {
  const source = await TensorSource.open(folder);
  try {
    const head = await readForeignPolicy(source, given);
    const { shapes } = source;
    const form = policyForm(variants[head.variant], head.size, {
      vocabulary: head.vocabulary,
      parts: [],
      embodiments: 4,
      crossAttentionKeys: "asReleasedGr00t",
      horizon: head.horizon,
      actionSight: "both",
      pastEnd: "seen",
    });
    const layout = { rows: 1, steps: 7, actionWidth: 9, stateWidth: 10, views: 1, observations: 1, tokens: 4 };
    const scope = Scope.root(Rules.all);
    const observation = observationInputs(
      { ...layout, responseTokens: 0, actionTokens: 0, pictureSize: 96 },
      Rules.all,
      "uint8",
    );
    velocity(scope, form, perceive(scope, form, observation), {
      noisy: input("noisy", "b t d", [1, 7, 9], "float32"),
      timeEmbedding: input("timeEmbedding", "b t e", [1, 7, 48 + 256], "float32"),
    });
    const forms = scope.parameters.filter(({ name }) => name.startsWith("groot."));
    return { head, shapes, weights: await readForeignWeights(source, head.names, forms) };
  } finally {
    await source.close();
  }
}

it("LeRobot's folder and NVIDIA's hold one head: the same sizes, the same weights to the bit", async () => {
  const [lerobot, nvidia] = [
    await headIn(join(released, "groot_n1_7")),
    await headIn(join(released, "groot_n1_7/nvidia")),
  ];
  expect(lerobot.head.size).toEqual(nvidia.head.size);
  expect([lerobot.head.horizon, lerobot.head.cameras]).toEqual([7, ["observation.images.top"]]);
  expect([nvidia.head.horizon, nvidia.head.cameras]).toEqual([7, []]);
  expect([...lerobot.weights.keys()]).toEqual([...nvidia.weights.keys()]);
  for (const [name, { cells }] of lerobot.weights)
    expect([name, nvidia.weights.get(name)!.cells]).toEqual([name, cells]);
});

describe("refuses by one line", () => {
  const config = { type: "groot", input_features: {}, output_features: {}, chunk_size: 7, max_action_dim: 9 };
  const blocks = "_groot_model.action_head.model.transformer_blocks";

  it.each([
    {
      max_state_dim: 10,
      chunk_size: 7,
      headWidth: 64,
      embodiment: 3,
      message: `heads of 64 in "${blocks}", got 48 rows of queries`,
    },
    {
      max_state_dim: 5,
      chunk_size: 7,
      headWidth: 12,
      embodiment: 3,
      message: "max_state_dim (5) entries, the state of now, got 10",
    },
    {
      max_state_dim: 10,
      chunk_size: 17,
      headWidth: 12,
      embodiment: 3,
      message: "at most 16 steps, which have a place, got 17",
    },
    { max_state_dim: 10, chunk_size: 7, headWidth: 12, embodiment: 4, message: "an embodiment below 4, got 4" },
  ])("$message", async ({ headWidth, message, embodiment, ...own }) => {
    const { shapes } = await headIn(join(released, "groot_n1_7"));
    const counts = { headWidth, featureHeadWidth: 8, textEvery: 2 };
    expect(() =>
      lerobotGroot({ where: "config.json", config: { ...config, ...own }, shapes }, counts, embodiment),
    ).toThrow(message);
  });

  it("a head of another make, by what it is made of", () => {
    const made = { action_head_cfg: { add_pos_embed: false } };
    expect(() => nvidiaGroot({ where: "config.json", config: made, shapes: new Map() }, nobody)).toThrow(
      /^config\.json: .*action_head_cfg\.add_pos_embed: expected true/,
    );
  });
});

it("a head of NVIDIA's, whose files name no camera, has those that are said", async () => {
  const source = await TensorSource.open(join(import.meta.dirname, "../../../test/parity/released/groot_n1_7/nvidia"));
  await source.close();
  const seen = async (cameras: readonly string[] | null) =>
    (await readForeignPolicy(source, { ...nothingGiven, cameras })).cameras;
  expect(await seen(null)).toEqual([]);
  expect(await seen(["front", "wrist"])).toEqual(["front", "wrist"]);
});

it("weights of N1.5 under a configuration of N1.7 are refused, and the other way round", async () => {
  const released = join(import.meta.dirname, "../../../test/parity/released");
  const [older, newer] = ["groot_n1_5", "groot_n1_7/nvidia"].map((name) => join(released, name));
  const read = async (folder: string) => {
    const source = await TensorSource.open(folder);
    await source.close();
    const where = join(folder, "config.json");
    return { where, config: jsonOf(where, await readFile(where, "utf8")), shapes: source.shapes };
  };
  const [first, second] = [await read(older!), await read(newer!)];
  expect(() => nvidiaGroot({ ...first, config: second.config }, nobody)).toThrow(
    "expected weights of groot_n17, as it says, got those of groot_n15: N1.5 has future tokens, N1.7 none",
  );
  expect(() => nvidiaGroot({ ...second, config: first.config }, nobody)).toThrow(
    "expected weights of groot_n15, as it says, got those of groot_n17",
  );
});
