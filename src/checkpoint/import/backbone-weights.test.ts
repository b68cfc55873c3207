import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { expectSameBits } from "../../graph/testing/bits.ts";
import type { ParameterForm } from "../../nn/parameter.ts";
import { readSafetensors } from "../safetensors.ts";
import { checkPartsOnce } from "./backbone-weights.ts";
import {
  backbone,
  expert,
  type PolicyChange,
  pi06,
  policyOf,
  published,
  removeCopies,
  smolvla,
  take,
  tower,
  withConfig,
  withTensors,
} from "./testing/published-copy.ts";

afterAll(removeCopies);

describe("what a policy takes", () => {
  it("is all of a model that sees, cell by cell, but for what it reads nowhere", async () => {
    const { taken, values } = await take(join(published, "paligemma"), {});
    const theirs = await readSafetensors(join(published, "paligemma", "model.safetensors"));
    expect(taken).toMatchObject({
      type: "paligemma",
      parts: [
        { part: "language model", tensors: 22 },
        { part: "image tower", tensors: 37 },
        { part: "connector", tensors: 2 },
      ],
      layers: { taken: 3, of: 3 },
      otherwise: [],
    });
    for (const [ours, name] of [
      ["embedding.weight", "language_model.model.embed_tokens.weight"],
      ["backbone.layer.2.key.weight", "language_model.model.layers.2.self_attn.k_proj.weight"],
      ["backbone.layer.1.norm.mlp.weight", "language_model.model.layers.1.post_attention_layernorm.weight"],
      ["vision.tower.layer.1.mlp.out.bias", "vision_tower.vision_model.encoder.layers.1.mlp.fc2.bias"],
      ["vision.projector.weight", "multi_modal_projector.linear.weight"],
    ])
      expect([...values.get(ours!)!.cells]).toEqual([...theirs.get(name!)!.cells]);
    expect(taken.left).toHaveLength(7);
    expect(taken.left).toContain("language_model.model.norm.weight");
    expect([...values.keys()].some((name) => /^(expert|action|state)\./.test(name))).toBe(false);
  });

  it("is Gemma 3's projection with outputs as rows, which has inputs there", async () => {
    const { values } = await take(join(published, "gemma3"), pi06);
    const theirs = await readSafetensors(join(published, "gemma3", "model.safetensors"));
    const { cells, shape } = theirs.get("model.multi_modal_projector.mm_input_projection_weight")!;
    const ours = values.get("vision.projector.weight")!;
    expect([shape, ours.shape]).toEqual([
      [8, 16],
      [16, 8],
    ]);
    for (const [row, column] of [
      [0, 0],
      [3, 5],
      [15, 7],
      [1, 0],
    ] as const)
      expect(ours.cells[row * 8 + column]).toBe(cells[column * 16 + row]);
    expect([...values.get("backbone.layer.0.norm.query.weight")!.cells]).toEqual([
      ...theirs.get("model.language_model.model.layers.0.self_attn.q_norm.weight")!.cells,
    ]);
  });

  it("is the first layers of a language model that has more, as SmolVLA has half of them", async () => {
    const { taken, values } = await take(join(published, "smolvlm"), smolvla(2));
    expect(taken.layers).toEqual({ taken: 2, of: 3 });
    expect(values.has("backbone.layer.1.key.weight")).toBe(true);
    expect(taken.left).toContain("model.text_model.layers.2.self_attn.k_proj.weight");
    expect(taken.left).toContain("lm_head.weight");
  });

  it("is a table of places that is resized where pictures have another side, as transformers resizes it", async () => {
    const small = { vision: { ...tower, picture: 8 }, backbone, expert };
    const { taken, values } = await take(join(published, "siglip"), { size: small });
    const theirs = await readSafetensors(join(published, "siglip", "model.safetensors"));
    const { cells } = theirs.get("vision_model.embeddings.position_embedding.weight")!;
    const ours = values.get("vision.tower.position")!;
    expect(ours.shape).toEqual([4, 8]);
    // Of four places along a side, those at 0.5 and 2.5 count by Keys' kernel with -0.75 at distances of 0.5 and 1.5; past an end, its last.
    const [near, far] = [0.59375, -0.09375];
    const shares = [
      [near + far, near, far, 0],
      [0, far, near, near + far],
    ];
    for (const [row, column, at] of [
      [0, 0, 0],
      [0, 1, 3],
      [1, 0, 7],
    ] as const) {
      let wanted = 0;
      for (let y = 0; y < 4; y++)
        for (let x = 0; x < 4; x++)
          wanted += shares[row]![y]! * shares[column]![x]! * Number(cells[(y * 4 + x) * 8 + at]!);
      expect(ours.cells[(row * 2 + column) * 8 + at]).toBeCloseTo(wanted, 6);
    }
    expect(taken.otherwise).toEqual(["places of patches in a square of 4 × 4, here 2 × 2"]);
    const { values: whole } = await take(join(published, "siglip"), {});
    expect([...whole.get("vision.tower.position")!.cells]).toEqual([...cells]);
  });

  it("is a model's under the names of any version of transformers", async () => {
    const { values } = await take(join(published, "paligemma"), {});
    const renamed = (change: (name: string) => string) =>
      withTensors("paligemma", (tensors) => {
        for (const [name, tensor] of [...tensors]) {
          tensors.delete(name);
          tensors.set(change(name), tensor);
        }
      });
    for (const folder of [
      await renamed((name) => `model.${name}`),
      await renamed((name) =>
        name.startsWith("language_model.model.")
          ? name.replace("language_model.model.", "model.language_model.")
          : `model.${name}`,
      ),
      await renamed((name) => name.replace("language_model.model.embed_tokens", "language_model.lm_head")),
      await renamed((name) => name.replace("language_model.model.embed_tokens", "lm_head")),
    ])
      expectSameBits(folder, (await take(folder, {})).values, values);
  });

  it("is a tower alone, of a model that was trained with text", async () => {
    const { taken, values } = await take(join(published, "siglip"), {});
    expect(taken.parts).toEqual([{ part: "image tower", tensors: 37 }]);
    expect(taken.layers).toBeNull();
    expect([...values.keys()].every((name) => name.startsWith("vision.tower."))).toBe(true);
    expect(taken.left).toEqual(expect.arrayContaining(["logit_scale", "vision_model.head.probe"]));
    expect(taken.left).toContain("text_model.final_layer_norm.weight");
  });

  it("is a language model alone where a policy has no eyes", async () => {
    const { taken } = await take(join(published, "paligemma"), { views: 0 });
    expect(taken.parts).toEqual([{ part: "language model", tensors: 22 }]);
    expect(taken.left).toContain("multi_modal_projector.linear.bias");
    const other = { ...tower, width: 24, picture: 32 };
    const blind = await take(join(published, "paligemma"), { views: 0, size: { vision: other, backbone, expert } });
    expect(blind.taken.otherwise).toEqual([]);
    await expect(take(join(published, "siglip"), { views: 0 })).rejects.toThrow(
      'config.json: expected a part of the policy, got a "siglip", of which it has none',
    );
  });

  it("is the one table of a tied pair twice where a policy says tokens by a table of its own", async () => {
    const fast: PolicyChange = { variant: "pi0_fast", size: { vision: tower, backbone }, vocabulary: 258 };
    const { values } = await take(join(published, "gemma"), fast);
    const theirs = await readSafetensors(join(published, "gemma", "model.safetensors"));
    for (const name of ["embedding.weight", "scores.weight"])
      expect([...values.get(name)!.cells]).toEqual([...theirs.get("lm_head.weight")!.cells]);
    const untied = await withTensors("gemma", (tensors) =>
      tensors.set("model.embed_tokens.weight", {
        shape: [258, 16],
        type: "float32",
        cells: new Float32Array(258 * 16).fill(3),
      }),
    );
    const { values: both } = await take(untied, fast);
    expect(both.get("embedding.weight")!.cells[0]).toBe(3);
    expect([...both.get("scores.weight")!.cells]).toEqual([...theirs.get("lm_head.weight")!.cells]);
  });
});

describe("what the policy computes otherwise than the model did is said", () => {
  it.each<[string, object, PolicyChange, readonly string[]]>([
    [
      "smolvlm",
      {},
      smolvla(3),
      [
        "an embedding times one, here root of width",
        "pictures times one, here root of width",
        "an epsilon of 0.000001 in norms of the language model, here 0.00001",
      ],
    ],
    [
      "llama",
      {},
      smolvla(2),
      [
        "a rope base of 100000, here 10000",
        "an embedding times one, here root of width",
        "pictures times one, here root of width",
      ],
    ],
    ["gemma3", {}, pi06, ["a window of 4, here none"]],
    [
      "gemma",
      { rope_scaling: { rope_type: "linear" }, rms_norm_eps: 9.9999997e-7 },
      {},
      ["positions that are stretched, here none"],
    ],
    [
      "siglip_vision_model",
      { layer_norm_eps: 1e-5 },
      {},
      ["an epsilon of 0.00001 in norms of the image tower, here 0.000001"],
    ],
  ])("%s", async (name, config, change, otherwise) => {
    expect((await take(withConfig(name, config), change)).taken.otherwise).toEqual(otherwise);
  });
});

it("a part of two models is refused", () => {
  const model = (folder: string, part: "connector" | "image tower") => ({
    folder,
    type: "siglip",
    layers: null,
    left: [],
    otherwise: [],
    parts: [{ part, tensors: 1 }],
  });
  checkPartsOnce([model("a", "connector"), model("b", "image tower")]);
  expect(() => checkPartsOnce([model("a", "connector"), model("b", "image tower"), model("c", "connector")])).toThrow(
    "--init-backbone: expected each part once, got the connector of a and of c",
  );
});

it("every parameter of a policy's backbone has a place in a published model, and none of its head", async () => {
  const names = (forms: readonly ParameterForm[]) => forms.map(({ name }) => name);
  const { values } = await take(join(published, "smolvlm"), smolvla(3));
  const rest = names(policyOf(smolvla(3)).parameters).filter((name) => !values.has(name));
  expect(
    rest
      .map((name) => name.split(".")[0])
      .filter((name, at, all) => all.indexOf(name) === at)
      .sort(),
  ).toEqual(["action", "expert", "state"]);
});
