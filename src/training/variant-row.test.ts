import { describe, expect, it } from "vitest";
import type { BatchLayout } from "../batch/layout.ts";
import { poisoned, unrealCells } from "../batch/poison.ts";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { HostArray } from "../graph/host-array.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { expectClose } from "../graph/testing/close.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import type { Setting } from "../objective/traced.ts";
import { backbones, experts } from "../policy/backbone.ts";
import { towers } from "../policy/tower.ts";
import { type FlowVariant, variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { MicroPolicy, microWeights, nothing, testForm } from "./testing/micro-policy.ts";

const adaptive = { kind: "adaptive-rms", epsilon: 1e-6 } as const;
const gain = { kind: "rms", weight: "gain", epsilon: 1e-5 } as const;
const silu = { kind: "gated", activation: "silu" } as const;

/** As Gemma 3's layers alternate, at two layers. */
const ranges = [
  { window: 3, ropeBase: 10_000 },
  { window: "none", ropeBase: 1_000_000 },
] as const;

/**
 * π0's row with other choices: a backbone with norms and feed-forward as in SmolLM2, whose layers norm queries, keys and what they add and
 * look back over a window by turns as in Gemma 3, in which pictures are grids; an expert whose norms follow the time of the flow as in π0.5;
 * a tower that does not look back, resizes its table of positions and hands over its patches as SmolVLM does.
 */
const other: FlowVariant = {
  ...variants.pi0,
  prefix: [
    { tokens: "pictures", sight: "within" },
    { tokens: "prompt", sight: "causal" },
  ],
  backbone: {
    ...backbones.gemma,
    layer: { norms: { attention: gain, mlp: gain, added: gain, queryKey: gain }, mlp: silu, bias: "none" },
    lastNorm: gain,
    ranges,
    embeddingScale: "one",
    positions: "three axes",
  },
  expert: {
    ...experts.gemma,
    layer: { norms: { attention: adaptive, mlp: adaptive, added: "none", queryKey: gain }, mlp: silu, bias: "none" },
    lastNorm: adaptive,
    ranges,
    time: "condition",
  },
  tower: {
    ...towers.siglip,
    positions: { kind: "resized", side: 3 },
    connector: { kind: "pixel-shuffle" },
    history: "none",
  },
  sizes: {
    ...variants.pi0.sizes,
    micro: { ...variants.pi0.sizes.micro, vision: { ...variants.pi0.sizes.micro.vision, patch: 4, square: 2 } },
  },
};

const layout: BatchLayout = {
  rows: 4,
  steps: 5,
  actionWidth: 6,
  stateWidth: 5,
  views: 2,
  observations: 3,
  tokens: 6,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 16,
};
const ragged = raggedBatch(layout, 3);
const setting: Setting = {
  form: testForm(other, "micro", layout, 0),
  layout,
  unrealInput: "zero",
  rules: Rules.all,
  hidden: "plain",
  pictures: "uint8",
};
const weights = microWeights(setting);

/** Weights of which one array is moved by a step along a direction. */
function moved(name: string, direction: ArrayLike<number>, step: number): ParameterValues {
  const { axes, shape, cells } = weights.get(name)!;
  const values = cells.map((cell, at) => cell + step * direction[at]!);
  return new Map([...weights, [name, new HostArray(axes, shape, "float32", values)]]);
}

describe("a row of choices that no policy of the product makes", () => {
  it("has the parameters that its choices ask for, and no others", () => {
    const shapes = new Map([...weights].map(([name, { axes, shape }]) => [name, `${axes} [${shape}]`]));
    expect(shapes.get("expert.layer.0.norm.attention.dense.weight")).toBe("r e j [3,24,24]");
    expect(shapes.get("expert.norm.dense.bias")).toBe("r e [3,24]");
    expect(shapes.get("vision.tower.position")).toBe("n e [9,16]");
    expect(shapes.get("vision.projector.weight")).toBe("e j [32,64]");
    expect(shapes.has("vision.projector.bias")).toBe(false);
    expect(shapes.get("action.time.in.weight")).toBe("e j [24,24]");
    expect(shapes.get("backbone.layer.0.norm.mlp.weight")).toBe("e [32]");
    expect(shapes.get("backbone.layer.0.norm.added.attention.weight")).toBe("e [32]");
    expect(shapes.get("expert.layer.1.norm.query.weight")).toBe("f [8]");
    expect(
      [...shapes.keys()].filter((name) => /^expert\..*norm.*\.weight$/.test(name) && !name.includes("dense")),
    ).toEqual(
      [0, 1, 2].flatMap((layer) => ["query", "key"].map((name) => `expert.layer.${layer}.norm.${name}.weight`)),
    );
  });

  it("nothing that does not exist changes its loss, a gradient or an action, to the bit, at either depth", async () => {
    const policy = await MicroPolicy.compile(setting);
    const sick = poisoned(ragged, unrealCells(ragged), { number: () => Number.NaN, pixel: () => 255, token: () => -7 });
    const expected = await policy.outcome(ragged, weights, nothing);
    for (const found of [
      await policy.outcome(sick, weights, nothing),
      await policy.outcome(ragged, weights, { ...nothing, hidden: 3 }),
    ])
      expectSameBits("outcome", found, expected);
    policy.release();
  });

  it.each(["view-keys", "prompt-keys", "history-state"] as const)(
    "what does not exist is read where %s is switched off",
    async (rule) => {
      const policy = await MicroPolicy.compile({ ...setting, rules: Rules.without(rule) });
      const [one, another] = [
        await policy.outcome(ragged, weights, nothing),
        await policy.outcome(ragged, weights, { ...nothing, hidden: 3 }),
      ];
      expect(another.loss).not.toEqual(one.loss);
      policy.release();
    },
  );

  it("its gradient is what finite differences say", async () => {
    const policy = await MicroPolicy.compile(setting);
    const { loss, ...found } = await policy.outcome(ragged, weights, nothing);
    for (const name of weights.keys()) {
      const gradient = found[`gradient.${name}`]!;
      const length = Math.hypot(...gradient);
      expect([name, length > 0]).toEqual([name, true]);
      const direction = gradient.map((cell) => cell / length);
      const step = 2e-3;
      const [above, below] = [
        await policy.outcome(ragged, moved(name, direction, step), nothing),
        await policy.outcome(ragged, moved(name, direction, -step), nothing),
      ];
      expectClose(`gradient of ${name}`, [(above.loss![0]! - below.loss![0]!) / (2 * step)], [length], {
        absolute: (2e-6 * loss![0]!) / step,
        relative: 0.01,
        because: "the loss is float32, and the way to the next step is curved",
      });
    }
    policy.release();
  });

  it("a tower that does not look back gives what stands in the last slot alone", async () => {
    const policy = await MicroPolicy.compile(setting);
    const kept = await policy.outcome(ragged, weights, nothing);
    const size = ragged.images.read(({ shape }) => shape.slice(2).reduce((product, side) => product * side, 1));
    const past = Uint8Array.from({ length: layout.rows * layout.observations * size }, (_, at) =>
      Math.floor(at / size) % layout.observations === layout.observations - 1 ? 0 : 1,
    );
    expect(past.includes(1)).toBe(true);
    const images = ragged.images.read((pixels) => pixels);
    const changed = new HostArray(
      images.axes,
      images.shape,
      "uint8",
      images.cells.map((cell, at) => (past[at] === 1 ? 255 - cell : cell)),
    );
    const found = await policy.outcome(ragged, weights, { ...nothing, feeds: new Map([["images", changed]]) });
    expectSameBits("outcome", found, kept);
    policy.release();
  });
});
