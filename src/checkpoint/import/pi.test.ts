import { describe, expect, it } from "vitest";
import { isOpenpi, openpiPi } from "./pi.ts";

const paligemma = "paligemma_with_expert.paligemma";
const expert = "paligemma_with_expert.gemma_expert.model";

/** Shapes of a trunk with heads of 4: three of queries, one of keys. */
function trunk(module: string, width: number): [string, number[]][] {
  return [
    [`${module}.layers.0.self_attn.q_proj.weight`, [12, width]],
    [`${module}.layers.0.self_attn.k_proj.weight`, [4, width]],
    [`${module}.layers.0.mlp.gate_proj.weight`, [40, width]],
    [`${module}.layers.1.mlp.gate_proj.weight`, [40, width]],
  ];
}

const tower = `${paligemma}.model.vision_tower.vision_model`;
const common: [string, number[]][] = [
  [`${tower}.embeddings.patch_embedding.weight`, [6, 3, 7, 7]],
  [`${tower}.embeddings.position_embedding.weight`, [9, 6]],
  [`${tower}.encoder.layers.0.mlp.fc1.weight`, [10, 6]],
  ...trunk(`${paligemma}.model.language_model`, 20),
  ...trunk(expert, 14),
  ["action_in_proj.weight", [14, 7]],
];
const head: [string, number[]] = [`${paligemma}.lm_head.weight`, [99, 20]];
const embedding: [string, number[]] = [`${paligemma}.model.language_model.embed_tokens.weight`, [99, 20]];
const pi0 = new Map([...common, head, ["state_proj.weight", [14, 5]] as const]);
const pi05 = new Map([...common, head]);
const given = { headWidth: 4, visionHeads: 2, horizon: null, cameras: null };
const config = { action_dim: 7, action_horizon: 11, paligemma_variant: "gemma_2b" };

describe("a folder of openpi's", () => {
  it("says policy, sizes and widths by its shapes, and its steps by the converter's config.json", () => {
    expect(openpiPi({ where: "there", config, shapes: pi0 }, given)).toMatchObject({
      variant: "pi0",
      size: {
        vision: { picture: 21, patch: 7, width: 6, layers: 1, mlp: 10, heads: 2 },
        backbone: { width: 20, layers: 2, mlp: 40, heads: 3, keyHeads: 1, headWidth: 4 },
        expert: { width: 14, layers: 2, mlp: 40, heads: 3, keyHeads: 1, headWidth: 4 },
      },
      vocabulary: 99,
      horizon: 11,
      actionWidth: 7,
      stateWidth: 5,
      promptTokens: 48,
      cameras: ["base_0_rgb", "left_wrist_0_rgb", "right_wrist_0_rgb"],
    });
    expect(openpiPi({ where: "there", config, shapes: pi05 }, given)).toMatchObject({
      variant: "pi05",
      promptTokens: 200,
      stateWidth: 7,
    });
  });

  it("knows its table of tokens by either name", () => {
    expect(openpiPi({ where: "there", config, shapes: new Map([...common, embedding]) }, given).vocabulary).toBe(99);
  });

  it("has to be told the steps of a chunk where no file says them; what is told holds", () => {
    expect(() => openpiPi({ where: "there", config: null, shapes: pi05 }, given)).toThrow(
      "there: expected the steps of an action chunk, which no file of the folder says, got none; say them with --horizon",
    );
    const told = { ...given, horizon: 30, cameras: ["left"] };
    expect(openpiPi({ where: "there", config: null, shapes: pi05 }, told)).toMatchObject({
      horizon: 30,
      cameras: ["left"],
    });
    expect(openpiPi({ where: "there", config, shapes: pi05 }, told).horizon).toBe(30);
  });

  it("is refused where its config.json is of other weights", () => {
    expect(() => openpiPi({ where: "there", config: { ...config, action_dim: 32 }, shapes: pi05 }, given)).toThrow(
      'there: expected "action_dim" to be 7 as in its weights, got 32',
    );
  });

  it("is told from LeRobot's, whose names stand below a module", () => {
    expect(isOpenpi(pi05)).toBe(true);
    expect(isOpenpi(new Map([...pi05].map(([name, shape]) => [`model.${name}`, shape])))).toBe(false);
  });
});
