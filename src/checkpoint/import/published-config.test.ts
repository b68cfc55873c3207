import { describe, expect, it } from "vitest";
import { publishedConfig } from "./published-config.ts";

const read = (config: object) => publishedConfig("config.json", config);
const near = { window: 512, ropeBase: 10_000 };
const far = { window: "none", ropeBase: 1_000_000 };

describe("a configuration that says little is as its class of transformers has it", () => {
  it("Gemma's", () => {
    const { text, vision, isTied } = read({ model_type: "gemma" });
    expect([text?.heads, text?.keyHeads, text?.headWidth, isTied, vision]).toEqual([16, 16, 256, true, null]);
    expect(text?.choice).toMatchObject({
      layer: {
        norms: {
          attention: { weight: "offset", epsilon: 1e-6 },
          mlp: { epsilon: 1e-6 },
          added: "none",
          queryKey: "none",
        },
        mlp: { kind: "gated", activation: "gelu-tanh" },
        bias: "none",
      },
      lastNorm: { epsilon: 1e-6 },
      ranges: [{ window: "none", ropeBase: 10_000 }],
      embeddingScale: "root of width",
      pictureScale: "one",
    });
  });

  it("Llama's, whose table of tokens says nothing", () => {
    const { text, isTied } = read({ model_type: "llama" });
    expect([text?.heads, text?.keyHeads, text?.headWidth, isTied]).toEqual([32, null, null, false]);
    expect(text?.choice).toMatchObject({
      layer: { norms: { attention: { weight: "gain" } }, mlp: { activation: "silu" } },
      ranges: [{ window: "none", ropeBase: 10_000 }],
      embeddingScale: "one",
      pictureScale: "one",
    });
  });

  it("Gemma 3's: of six layers the last reads all", () => {
    const { text, isTied } = read({ model_type: "gemma3_text" });
    const local = { ...near, window: 4096 };
    expect([text?.heads, text?.keyHeads, text?.headWidth, isTied]).toEqual([8, 4, 256, true]);
    expect(text?.choice.ranges).toEqual([local, local, local, local, local, far]);
    expect(text?.choice.layer.norms).toMatchObject({ added: { epsilon: 1e-6 }, queryKey: { epsilon: 1e-6 } });
  });

  it("SigLIP's, by itself and in a model that sees", () => {
    for (const [type, keys] of [
      ["siglip_vision_model", {}],
      ["siglip", {}],
      ["siglip", { vision_config: {} }],
      ["gemma3", {}],
    ] as const) {
      const { vision } = read({ model_type: type, ...keys });
      expect(vision?.heads).toBe(12);
      expect(vision?.choice).toMatchObject({
        layer: {
          norms: { attention: { kind: "layer", epsilon: 1e-6 }, mlp: { epsilon: 1e-6 } },
          mlp: { kind: "plain", activation: "gelu-tanh" },
          bias: "zero",
        },
        lastNorm: { epsilon: 1e-6 },
      });
    }
    expect(read({ model_type: "siglip_vision_model" }).text).toBeNull();
    expect(read({ model_type: "siglip" }).text).toBeNull();
  });

  it.each([
    ["paligemma", "root of width", true],
    ["gemma3", "root of width", true],
    ["smolvlm", "one", false],
  ] as const)("%s has the language model of its kind", (type, scale, tied) => {
    const { text, isTied } = read({ model_type: type });
    expect(text?.type).toBe({ paligemma: "gemma", gemma3: "gemma3_text", smolvlm: "llama" }[type]);
    expect([text?.choice.embeddingScale, isTied]).toEqual([scale, tied]);
  });
});

describe("what a configuration says holds", () => {
  it("of heads, norms, activations and ties", () => {
    const { text, vision, isTied } = read({
      model_type: "smolvlm",
      tie_word_embeddings: true,
      text_config: {
        model_type: "VLlama3",
        num_attention_heads: 15,
        num_key_value_heads: 5,
        head_dim: 64,
        rms_norm_eps: 1e-5,
      },
      vision_config: { num_attention_heads: 16, layer_norm_eps: 1e-5, hidden_act: "gelu_pytorch_tanh" },
    });
    expect([text?.heads, text?.keyHeads, text?.headWidth, isTied]).toEqual([15, 5, 64, true]);
    expect(text?.choice.lastNorm.epsilon).toBe(1e-5);
    expect(text?.choice.layer.norms).toMatchObject({ attention: { epsilon: 1e-5 }, mlp: { epsilon: 1e-5 } });
    expect(vision?.heads).toBe(16);
    expect(vision?.choice.lastNorm.epsilon).toBe(1e-5);
    expect(vision?.choice.layer.norms).toMatchObject({ attention: { epsilon: 1e-5 }, mlp: { epsilon: 1e-5 } });
    expect(read({ model_type: "llama", tie_word_embeddings: true }).isTied).toBe(true);
    expect(read({ model_type: "gemma", tie_word_embeddings: false }).isTied).toBe(false);
    expect(read({ model_type: "gemma3_text", rms_norm_eps: 1e-5 }).text?.choice.layer.norms).toMatchObject({
      added: { epsilon: 1e-5 },
      queryKey: { epsilon: 1e-5 },
    });
  });

  it("of activations: Gemma's older files mean the approximation by tanh", () => {
    const activationOf = (keys: object) => read({ model_type: "gemma", ...keys }).text?.choice.layer.mlp.activation;
    expect(activationOf({ hidden_act: "gelu", hidden_activation: null })).toBe("gelu-tanh");
    expect(activationOf({ hidden_act: "gelu", hidden_activation: "silu" })).toBe("silu");
    expect(activationOf({ hidden_act: "silu" })).toBe("silu");
  });

  it("of rotations and windows, under the names of transformers 4 and of 5", () => {
    const five = {
      layer_types: ["sliding_attention", "full_attention"],
      sliding_window: 512,
      rope_parameters: {
        full_attention: { rope_type: "default", rope_theta: 2e6 },
        sliding_attention: { rope_type: "default", rope_theta: 2e4 },
      },
    };
    const four = { sliding_window_pattern: 2, sliding_window: 512, rope_theta: 2e6, rope_local_base_freq: 2e4 };
    for (const keys of [five, four])
      expect(read({ model_type: "gemma3_text", ...keys }).text?.choice.ranges).toEqual([
        { window: 512, ropeBase: 2e4 },
        { window: "none", ropeBase: 2e6 },
      ]);
    for (const keys of [{ rope_theta: 1e5 }, { rope_parameters: { rope_type: "default", rope_theta: 1e5 } }])
      expect(read({ model_type: "llama", ...keys }).text?.choice.ranges).toEqual([{ window: "none", ropeBase: 1e5 }]);
  });

  it("of positions that are stretched", () => {
    const stretched = (keys: object) => read({ model_type: "gemma3_text", ...keys }).text?.isStretched;
    expect(stretched({})).toBe(false);
    expect(stretched({ rope_scaling: null, rope_parameters: { full_attention: {} } })).toBe(false);
    expect(stretched({ rope_scaling: { rope_type: "linear", factor: 8 } })).toBe(true);
    expect(stretched({ rope_parameters: { full_attention: { rope_type: "linear" } } })).toBe(true);
    expect(stretched({ rope_parameters: { sliding_attention: { rope_type: "linear" } } })).toBe(true);
    expect(stretched({ rope_parameters: { rope_type: "llama3" } })).toBe(true);
  });
});

describe("what is computed nowhere here is refused by one line", () => {
  it.each([
    [
      {},
      'expected "model_type" to be "gemma", "gemma3_text", "gemma3", "paligemma", "llama", "smolvlm", "siglip" or "siglip_vision_model", got none',
    ],
    [{ model_type: "qwen2" }, 'got "qwen2"; weights of a whole policy are read by "armature import"'],
    [{ model_type: 7 }, "config.json: model_type: expected a string, got 7"],
    [
      { model_type: "paligemma", text_config: { model_type: "gemma2" } },
      'expected "text_config.model_type" to be "gemma" in a "paligemma", got "gemma2"',
    ],
    [
      { model_type: "gemma3", text_config: { model_type: "VLlama3" } },
      'to be "gemma3_text" in a "gemma3", got "VLlama3"',
    ],
    [
      { model_type: "gemma3_text", query_pre_attn_scalar: 168, head_dim: 128 },
      'expected "query_pre_attn_scalar" to be the width of a head (128), got 168',
    ],
    [{ model_type: "llama", hidden_act: "relu" }, 'expected the activation "gelu_pytorch_tanh" or "silu", got "relu"'],
    [
      { model_type: "siglip_vision_model", hidden_act: "gelu" },
      'expected the activation "gelu_pytorch_tanh" or "silu", got "gelu"',
    ],
    [{ model_type: "siglip", vision_config: { hidden_act: "gelu" } }, 'got "gelu"'],
    [{ model_type: "gemma3_text", layer_types: ["chunked_attention"] }, "layer_types.0"],
  ])("%j", (config, message) => {
    expect(() => read(config)).toThrow(message);
  });
});
