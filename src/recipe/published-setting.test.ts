import { describe, expect, it } from "vitest";
import { costOf } from "../objective/cost.ts";
import type { VariantName } from "../policy/variant.ts";
import { publishedSetting } from "./published-setting.ts";

/** A Gemma layer: queries, keys, values, output, three maps of the feed-forward, two norms. */
function gemmaLayer(width: number, mlp: number, heads: number): number {
  const head = 256;
  return 2 * width * heads * head + 2 * width * head + 3 * width * mlp + 2 * width;
}

/** A layer of SmolLM2 or of the expert beside it: queries and output of 15 heads, three maps of the feed-forward, two norms. */
function llamaLayer(width: number, mlp: number): number {
  return 2 * width * 15 * 64 + 3 * width * mlp + 2 * width;
}

describe("SmolVLA at its published size", () => {
  const { parts } = costOf(publishedSetting("smolvla", "base", 1));
  const count = (name: string) => parts.find((part) => part.name === name)?.parameters;

  it("has as many parameters as LeRobot's shapes say, part by part", () => {
    const siglipLayer = 4 * (768 * 768 + 768) + 2 * 768 * 3072 + 3072 + 768 + 4 * 768;
    const tower = 768 * 3 * 16 * 16 + 768 + 1024 * 768 + 12 * siglipLayer + 2 * 768;
    expect(count("vision")).toBe(tower + 12_288 * 960);
    expect(count("embedding")).toBe(49_280 * 960);
    expect(count("backbone")).toBe(16 * (llamaLayer(960, 2560) + 2 * 960 * 5 * 64) + 960);
    const [joint, cross] = [2 * 720 * 5 * 64, 2 * 5 * 64 * 5 * 64];
    expect(count("expert")).toBe(16 * llamaLayer(720, 2048) + 8 * (joint + cross) + 720);
    expect(count("state")).toBe(32 * 960 + 960);
    expect(count("action")).toBe(32 * 720 + 720 + 1440 * 720 + 720 + 720 * 720 + 720 + 720 * 32 + 32);
  });

  it("has those of smolvla_base, where SmolLM2 has a head of its own that nothing reads", () => {
    const unread = 49_280 * 960;
    expect(parts.reduce((sum, { parameters }) => sum + parameters, unread)).toBe(450_046_176);
  });
});

describe("π0 at its published size", () => {
  const cost = costOf(publishedSetting("pi0", "base", 1));
  const count = (name: string) => cost.parts.find((part) => part.name === name)?.parameters;

  it("has as many parameters as openpi's shapes say, part by part", () => {
    const siglipLayer = 4 * (1152 * 1152 + 1152) + 2 * 1152 * 4304 + 4304 + 1152 + 4 * 1152;
    const tower = 1152 * 3 * 14 * 14 + 1152 + 256 * 1152 + 27 * siglipLayer + 2 * 1152;
    expect(count("vision")).toBe(tower + 1152 * 2048 + 2048);
    expect(count("embedding")).toBe(257_152 * 2048);
    expect(count("backbone")).toBe(18 * gemmaLayer(2048, 16_384, 8) + 2048);
    expect(count("expert")).toBe(18 * gemmaLayer(1024, 4096, 8) + 1024);
    expect(count("state")).toBe(32 * 1024 + 1024);
    expect(count("action")).toBe(32 * 1024 + 1024 + 2048 * 1024 + 1024 + 1024 * 1024 + 1024 + 1024 * 32 + 32);
  });

  it("takes two operations for each weight and token that it is multiplied with, attention aside", () => {
    const tokens = 3 * 256 + 48;
    const perToken = 18 * (gemmaLayer(2048, 16_384, 8) - 2 * 2048);
    const least = 2 * tokens * perToken;
    // Tower, expert in ten steps, attention: less than the half of the backbone again.
    expect(cost.answerOperations).toBeGreaterThan(least);
    expect(cost.answerOperations).toBeLessThan(1.5 * least);
  });
});

it("π0.5 at its published size has norms that follow the time in the place of weights, and no map of the state", () => {
  const { parts } = costOf(publishedSetting("pi05", "base", 1));
  const count = (name: string) => parts.find((part) => part.name === name)?.parameters;
  const adaptive = 3 * 1024 * 1024 + 3 * 1024;
  expect(count("expert")).toBe(18 * (gemmaLayer(1024, 4096, 8) - 2 * 1024 + 2 * adaptive) + adaptive);
  expect(count("action")).toBe(32 * 1024 + 1024 + 2 * (1024 * 1024 + 1024) + 1024 * 32 + 32);
  expect(parts.some(({ name }) => name === "state")).toBe(false);
});

it("π0.5 with memory has π0.5's parameters and a map of the state to tokens of the backbone, whose history needs none", () => {
  const setting = publishedSetting("pi05_mem", "base", 1);
  expect(setting.layout).toMatchObject({ observations: 8, tokens: 256, views: 3, stateWidth: 32, steps: 50 });
  const { parts } = costOf(setting);
  const state = { name: "state", parameters: 32 * 2048 + 2048 };
  const others = costOf(publishedSetting("pi05", "base", 1)).parts;
  const byName = (some: typeof parts) => Object.fromEntries(some.map(({ name, parameters }) => [name, parameters]));
  expect(byName(parts)).toEqual(byName([...others, state]));
});

it("a tower that sees motion at its published size has the maps of that besides", () => {
  const vision = (name: "pi05_mem" | "pi05_mem_motion") =>
    costOf(publishedSetting(name, "base", 1)).parts.find((part) => part.name === "vision")!.parameters;
  const compared = 2 * 1152 + 1152 * 256 + 256;
  const extracted = 9 * 9 * 256 + 2 * 256;
  const fused = 5 * 256 * 512 + 512 * 256 + 256 + 256 * 1152 + 1152;
  expect(vision("pi05_mem_motion") - vision("pi05_mem")).toBe(compared + extracted + fused);
});

it("π0.6 at its published size has Gemma 3's and its expert's parameters, part by part", () => {
  const { parts } = costOf(publishedSetting("pi06", "base", 1));
  const count = (name: string) => parts.find((part) => part.name === name)?.parameters;
  const siglipLayer = 4 * (1152 * 1152 + 1152) + 2 * 1152 * 4304 + 4304 + 1152 + 4 * 1152;
  const tower = 1152 * 3 * 14 * 14 + 1152 + 1024 * 1152 + 27 * siglipLayer + 2 * 1152;
  expect(count("vision")).toBe(tower + 1152 + 1152 * 2560);
  expect(count("embedding")).toBe(262_208 * 2560);
  // Eight query and four key heads of 256; four norms of a layer's width, two of a head's.
  const attention = (width: number) => 2 * width * 2048 + 2 * width * 1024;
  expect(count("backbone")).toBe(34 * (attention(2560) + 3 * 2560 * 10_240 + 4 * 2560 + 2 * 256) + 2560);
  const adaptive = 3 * 1280 * 1280 + 3 * 1280;
  expect(count("expert")).toBe(34 * (attention(1280) + 3 * 1280 * 5120 + 2 * adaptive) + adaptive);
});

it("π0-FAST at its published size is PaliGemma, and scores tokens by a table of its own", () => {
  const { parts, answerOperations } = costOf(publishedSetting("pi0_fast", "base", 1));
  const pi0 = costOf(publishedSetting("pi0", "base", 1)).parts;
  const same = (name: string) => pi0.find((part) => part.name === name)?.parameters;
  expect(parts).toEqual([
    { name: "vision", parameters: same("vision") },
    { name: "embedding", parameters: same("embedding") },
    { name: "backbone", parameters: same("backbone") },
    { name: "scores", parameters: 257_152 * 2048 },
  ]);
  // Behind the prefix each of 255 tokens meets the weights of the backbone and the scores once.
  const perToken = 18 * (gemmaLayer(2048, 16_384, 8) - 2 * 2048) + 257_152 * 2048;
  expect(answerOperations).toBeGreaterThan(2 * 255 * perToken);
});

/** The parameters of a head of GR00T with 32 embodiments, so many state entries, dofs, future tokens and blocks. */
function grootHead(states: number, dofs: number, future: number, blocks: number): number {
  const map = (from: number, to: number) => from * to + to;
  const encoders = map(states, 1024) + map(1024, 1536) + map(dofs, 1536) + map(3072, 1536) + map(1536, 1536);
  const features = 4 * map(2048, 2048) + map(2048, 8192) + map(8192, 2048) + 4 * 2048;
  const block = (context: number) =>
    map(1536, 3072) + 2 * map(1536, 1536) + 2 * map(context, 1536) + map(1536, 6144) + map(6144, 1536);
  const time = map(256, 1536) + map(1536, 1536);
  const tables = future * 1536 + 1024 * 1536 + 2 * 2048;
  const byEmbodiment = 32 * (encoders + map(1024, 1024) + map(1024, dofs));
  const transformer = (blocks / 2) * (block(2048) + block(1536)) + map(1536, 3072) + map(1536, 1024);
  return byEmbodiment + tables + 4 * features + time + transformer;
}

it.each([
  ["groot_n15", grootHead(64, 32, 32, 16)],
  ["groot_n17", grootHead(132, 132, 0, 32)],
] as const)("the head of %s at its published size has as many parameters as NVIDIA's shapes say", (name, count) => {
  const { parts } = costOf(publishedSetting(name, "base", 1));
  expect(parts.find((part) => part.name === "groot")?.parameters).toBe(count);
});

it.each([
  ["pi07_low_level", "pi06", 2560],
  ["pi07_paligemma_low_level", "pi05", 2048],
] as const)(
  "%s at its published size is %s and a map of 32 state entries to tokens of the backbone",
  (name, like, width) => {
    const countsOf = (variant: VariantName) => {
      const { parts } = costOf(publishedSetting(variant, "base", 1));
      return Object.fromEntries(parts.map((part) => [part.name, part.parameters]));
    };
    const { state, ...own } = countsOf(name);
    expect(state).toBe(33 * width);
    expect(own).toEqual(countsOf(like));
  },
);
