import { rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  backbone,
  changed,
  expert,
  fitted,
  type PolicyChange,
  pi06,
  published,
  removeCopies,
  smolvla,
  take,
  tower,
  withConfig,
  withTensors,
  zerosOf,
} from "./testing/published-copy.ts";

afterAll(removeCopies);

describe("what does not fit is refused by one line", () => {
  it.each<[string, string, PolicyChange, string]>([
    [
      "another kind of layers",
      "llama",
      {},
      'expected a language model of the layers that policy.variant has (rms norms with offset, gated gelu-tanh), got "llama" (rms norms with gain, gated silu)',
    ],
    ["more norms", "gemma3", {}, "of what is added too, of queries and keys too"],
    [
      "another size",
      "gemma",
      { size: "micro" },
      `expected the language model of policy.size, got one of width 16 for 32, mlp 24 for 64, headWidth 4 for 8; the model has {"width":16`,
    ],
    [
      "other heads",
      "gemma",
      {
        size: {
          vision: tower,
          backbone: { ...backbone, heads: 2, headWidth: 8 },
          expert: { ...expert, heads: 2, headWidth: 8 },
        },
      },
      `got one of heads 4 for 2, headWidth 4 for 8; the model has ${JSON.stringify({ width: 16, layers: 3, mlp: 24, heads: 4, keyHeads: 2, headWidth: 4 })}`,
    ],
    ["too few layers", "llama", smolvla(4), "got one of layers 3 for 4"],
    [
      "fewer tokens",
      "gemma",
      { vocabulary: 300 },
      "expected a table of 300 tokens, as the recipe says, got one of 258; set policy.vocabulary to 258, and policy.tokenizer to",
    ],
    ["more tokens", "gemma", { vocabulary: 200 }, "expected a table of 200 tokens, as the recipe says, got one of 258"],
    [
      "a tower of more layers",
      "siglip",
      { size: { vision: { ...tower, layers: 4 }, backbone, expert } },
      "expected the image tower of policy.size, got one of layers 2 for 4",
    ],
    [
      "other patches",
      "paligemma",
      { size: { vision: { ...tower, picture: 32, width: 16, patch: 8 }, backbone, expert } },
      "got one of patch 4 for 8, width 8 for 16",
    ],
  ])("%s", async (_, name, change, message) => {
    await expect(take(join(published, name), change)).rejects.toThrow(message);
    await expect(take(join(published, name), change)).rejects.toThrow(join(published, name, "config.json"));
  });

  it("a folder without a configuration, or with one that is no JSON", async () => {
    const without = changed("gemma", (folder) => rmSync(join(folder, "config.json")));
    await expect(take(without, {})).rejects.toThrow(
      `${without}/config.json: expected a model's configuration, got no file`,
    );
    const broken = changed("gemma", (folder) => writeFileSync(join(folder, "config.json"), "{"));
    await expect(take(broken, {})).rejects.toThrow("config.json: expected JSON");
  });

  it("pickles, and a file that is cut off", async () => {
    const pickles = changed("gemma", (folder) => {
      rmSync(join(folder, "model.safetensors"));
      writeFileSync(join(folder, "pytorch_model.bin"), "");
    });
    await expect(take(pickles, {})).rejects.toThrow(
      "pytorch_model.bin: expected weights in safetensors, got Python pickles",
    );
    const cut = changed("gemma", (folder) => truncateSync(join(folder, "model.safetensors"), 20_000));
    await expect(take(cut, {})).rejects.toThrow(`${cut}/model.safetensors: `);
    const without = changed("gemma3_text", (folder) => rmSync(join(folder, "model-00002-of-00003.safetensors")));
    await expect(take(without, pi06)).rejects.toThrow(
      "model-00002-of-00003.safetensors: expected a safetensors file, got nothing there",
    );
  });

  it("tensors that are missing, of another shape, or that nobody asks for, each by name", async () => {
    const folder = await withTensors("gemma", (tensors) => {
      tensors.delete("model.layers.1.self_attn.o_proj.weight");
      tensors.set("model.layers.0.input_layernorm.weight", zerosOf(15));
      tensors.set("model.layers.0.self_attn.q_norm.weight", zerosOf(4));
      tensors.set("model.layers.0.self_attn.rotary_emb.inv_freq", zerosOf(2));
      tensors.set("vision_model.post_layernorm.bias", zerosOf(8));
    });
    await expect(fitted(folder, {})).rejects.toThrow(
      `${folder}: expected "model.layers.1.self_attn.o_proj.weight", got none of that name; ` +
        'expected other shapes: "model.layers.0.input_layernorm.weight" [15] for [16]; ' +
        'expected no more tensors, got "model.layers.0.self_attn.q_norm.weight", "vision_model.post_layernorm.bias"',
    );
    const seen = await withTensors("siglip_vision_model", (tensors) => {
      tensors.set("vision_model.embeddings.position_ids", zerosOf(16));
      tensors.set("vision_model.embeddings.class_embedding", zerosOf(8));
      tensors.set("text_model.final_layer_norm.weight", zerosOf(8));
      tensors.set("logit_scale", zerosOf(1));
      tensors.set("model.norm.weight", zerosOf(8));
    });
    await expect(fitted(seen, {})).rejects.toThrow(
      `${seen}: expected no more tensors, got "logit_scale", "model.norm.weight", "text_model.final_layer_norm.weight", "vision_model.embeddings.class_embedding"`,
    );
  });

  it("a tower of another activation", async () => {
    await expect(take(withConfig("siglip_vision_model", { hidden_act: "silu" }), {})).rejects.toThrow(
      "expected an image tower of the layers that policy.variant has (layer norms with gain and bias, plain gelu-tanh, bias), " +
        'got "siglip_vision_model" (layer norms with gain and bias, plain silu, bias)',
    );
  });

  it("heads that its rows do not have", async () => {
    await expect(take(withConfig("gemma", { num_attention_heads: 8 }), {})).rejects.toThrow(
      'expected 8 heads and 2 of keys, 4 wide, in "model.layers.0.self_attn", got rows of 4 and 2',
    );
    await expect(take(withConfig("gemma", { num_key_value_heads: 1 }), {})).rejects.toThrow(
      "expected 4 heads and 1 of keys",
    );
    await expect(take(withConfig("llama", { head_dim: null, num_key_value_heads: null }), smolvla(2))).rejects.toThrow(
      "expected 4 heads and 4 of keys, 4 wide",
    );
    await expect(take(withConfig("siglip_vision_model", { num_attention_heads: 3 }), {})).rejects.toThrow(
      "expected 3 heads in an image tower 8 wide",
    );
  });

  it("a model that sees without what its words are", async () => {
    const folder = await withTensors("paligemma", (tensors) => {
      for (const name of [...tensors.keys()]) if (name.startsWith("language_model.")) tensors.delete(name);
    });
    await expect(take(folder, {})).rejects.toThrow(
      'expected a tensor "model.embed_tokens.weight", got none of that name',
    );
  });
});
