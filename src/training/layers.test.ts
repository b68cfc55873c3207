import { expect, it } from "vitest";
import type { BatchLayout } from "../batch/layout.ts";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { HostArray } from "../graph/host-array.ts";
import { expectClose } from "../graph/testing/close.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import type { Setting } from "../objective/traced.ts";
import { grootSizes, pi0Sizes } from "../policy/size.ts";
import { type Variant, variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { MicroPolicy, microWeights, nothing, testForm } from "./testing/micro-policy.ts";

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
const batch = raggedBatch(layout, 3);
const settingOf = (variant: Variant): Setting => {
  return {
    form: testForm(variant, "micro", layout, 0),
    layout,
    unrealInput: "zero",
    rules: Rules.all,
    hidden: "plain",
    pictures: "uint8",
  };
};

const { vision, backbone, expert } = pi0Sizes.micro;
const before = { vision: { ...vision, layers: 2 }, backbone: { ...backbone, layers: 1 } };
/** The same policies with as few layers as have every kind of attention once. */
const shallow = {
  pi0: { ...variants.pi0, sizes: { ...pi0Sizes, micro: { ...before, expert: { ...expert, layers: 1 } } } },
  groot_n16: {
    ...variants.groot_n16,
    sizes: { ...grootSizes, micro: { ...before, dit: { ...grootSizes.micro.dit, layers: 2 } } },
  },
};

/** Of each stack of layers the first that acts, and how many do. */
type Acting = Readonly<Record<string, readonly [first: number, count: number]>>;

const layerName = /^(.*(?:layer|block))\.(\d+)\.(.*)$/;
/** What a layer adds to its tokens comes out of these. */
const added = /^(out|mlp\.down|mlp\.out)\./;

function stackOf(name: string, acting: Acting) {
  const [, stack = "", layer = "", part = ""] = layerName.exec(name) ?? [];
  const [first, count] = acting[stack] ?? [0, 0];
  return {
    stack,
    part,
    place: Number(layer) - first,
    acts: stack === "" || (Number(layer) >= first && Number(layer) < first + count),
  };
}

/** Weights with which the other layers leave every token as it is. */
function silenced(weights: ParameterValues, acting: Acting): ParameterValues {
  return new Map(
    [...weights].map(([name, array]) => {
      const { part, acts } = stackOf(name, acting);
      if (acts || !added.test(part)) return [name, array];
      return [name, new HostArray(array.axes, array.shape, "float32", new Float32Array(array.cells.length))];
    }),
  );
}

/** The name that a parameter of an acting layer has in the policy of these layers alone; `null` for another layer's. */
function shallowName(name: string, acting: Acting): string | null {
  const { stack, part, place, acts } = stackOf(name, acting);
  if (!acts) return null;
  return stack === "" ? name : `${stack}.${place}.${part}`;
}

const trunk = (first: number): Acting => ({ "backbone.layer": [first, 1], "expert.layer": [first, 1] });
const tower = (first: number): Acting => ({ "vision.tower.layer": [first, 2] });
const dit = (first: number): Acting => ({ "groot.dit.block": [first, 2] });

/** Every layer once: those of the trunks one by one, those of the tower and of the action transformer by their two kinds. */
const choices = [
  { name: "pi0", which: "first of its trunks, first two of its tower", acting: { ...tower(0), ...trunk(0) } },
  { name: "pi0", which: "second of its trunks, last two of its tower", acting: { ...tower(2), ...trunk(1) } },
  { name: "pi0", which: "third of its trunks", acting: { ...tower(2), ...trunk(2) } },
  { name: "groot_n16", which: "first two of its blocks", acting: { ...tower(0), ...trunk(1), ...dit(0) } },
  { name: "groot_n16", which: "last two of its blocks", acting: { ...tower(2), ...trunk(2), ...dit(2) } },
] as const;

it.each(choices)(
  "among others that add nothing, the $which are $name of these layers alone",
  async ({ name, acting }) => {
    const [deep, few] = [settingOf(variants[name]), settingOf(shallow[name])];
    const weights = silenced(microWeights(deep), acting);
    const kept = [...weights].flatMap(([own, array]): [string, typeof array][] => {
      const there = shallowName(own, acting);
      return there === null ? [] : [[there, array]];
    });
    const [policy, alone] = [await MicroPolicy.compile(deep), await MicroPolicy.compile(few)];
    const [found, wanted] = [
      await policy.outcome(batch, weights, nothing),
      await alone.outcome(batch, new Map(kept), nothing),
    ];
    policy.release();
    alone.release();
    const because = "float32, with other kernels for a program of more nodes";
    const compared: string[] = [];
    for (const own of Object.keys(found)) {
      const parameter = own.startsWith("gradient.") ? own.slice("gradient.".length) : null;
      const there = parameter === null ? own : `gradient.${shallowName(parameter, acting)}`;
      if (wanted[there] === undefined) continue;
      const size = Math.max(1, ...wanted[there].map(Math.abs));
      expectClose(own, found[own]!, wanted[there], { absolute: 4e-6 * size, relative: 0, because });
      compared.push(there);
    }
    expect(compared.sort()).toEqual(Object.keys(wanted).sort());
  },
);
