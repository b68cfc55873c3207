import { describe, expect, it } from "vitest";
import { foreignTensors } from "../../src/checkpoint/import/names.ts";
import { expectClose } from "../../src/graph/testing/close.ts";
import { evaluate } from "../../src/graph/testing/evaluate.ts";
import { gradientOutputs, gradientPrefix, traceActions, traceObjectives } from "../../src/objective/objective.ts";
import { backbones } from "../../src/policy/backbone.ts";
import { variants } from "../../src/policy/variant.ts";
import { batch, names, reference, settingOf, traced, weightsOf } from "./pi05-mem-case.ts";
import { expectGradient } from "./reference.ts";

const { facts, threeAxes, oneAxis } = reference;
const setting = settingOf(variants.pi05_mem);

const share = (cells: readonly number[], part: number) => part * Math.max(...cells.map(Math.abs));

describe("π0.5 with memory is OpenTau's, on samples that lack cameras, words and history", () => {
  const feeds = batch();

  it("in the position along each axis of every token that exists", async () => {
    const { positions } = traced(setting, reference.parameters);
    const { at } = await evaluate({ at: positions }, { feeds, threads: 1, fixed: new Map() });
    const patches = 9;
    const real = facts.tokenReal.map((words, row) => [
      ...facts.viewReal[row]!.flatMap((bit) => Array<number>(patches).fill(bit)),
      ...words,
      ...facts.historyReal[row]!,
    ]);
    const length = real[0]!.length;
    const told = (position: (row: number, token: number, axis: number) => number) =>
      real.map((bits, row) =>
        bits.flatMap((bit, token) =>
          bit === 1 ? [[0, 1, 2].map((axis) => position(row, token, axis)).join(" ")] : [],
        ),
      );
    expect(told((row, token, axis) => at[(row * length + token) * 3 + axis]!)).toEqual(
      told((row, token, axis) => threeAxes.positions.prefix[axis]![row]![token]!),
    );
  });

  it("in velocities, and along one axis as well, which gives others", async () => {
    const plain = settingOf({ ...variants.pi05_mem, backbone: backbones.gemma });
    for (const [expected, { found, fixed }] of [
      [threeAxes.velocity, traced(setting, reference.parameters)],
      [oneAxis.velocity, traced(plain, reference.parameters)],
    ] as const) {
      const { got } = await evaluate({ got: found }, { feeds, threads: 2, fixed });
      const because = "float32 through ten layers there and here";
      expectClose("velocity", got, expected, { absolute: share(expected, 3e-6), relative: 0, because });
    }
    const apart = Math.max(...threeAxes.velocity.map((cell, at) => Math.abs(cell - oneAxis.velocity[at]!)));
    expect(apart).toBeGreaterThan(share(oneAxis.velocity, 1e-3));
  });

  it("in the loss and in the gradient of every parameter", async () => {
    const objectives = traceObjectives(setting);
    const { loss, parameters } = objectives;
    const outputs = { ...gradientOutputs(objectives, parameters, "nothing"), loss };
    const found: Record<string, Float64Array> = await evaluate(outputs, {
      feeds,
      threads: 2,
      fixed: weightsOf(parameters, reference.parameters),
    });
    const because = "float32 sum of 72 cells";
    expectClose("loss", found.loss!, [threeAxes.loss], { absolute: 0, relative: 2e-6, because });
    const tensors = foreignTensors(names, parameters);
    expect(tensors.map(({ name }) => name).sort()).toEqual(Object.keys(threeAxes.gradients).sort());
    for (const { name, parameter } of tensors)
      expectGradient(name, found[`${gradientPrefix}${parameter}`]!, threeAxes.gradients[name]!, 2e-5);
  });

  it("in a chunk sampled in ten steps", async () => {
    const { actions, parameters } = traceActions(setting);
    const { got } = await evaluate(
      { got: actions },
      { feeds, threads: 2, fixed: weightsOf(parameters, reference.parameters) },
    );
    const because = "float32, ten times in sequence";
    expectClose("chunk", got, threeAxes.sampled, { absolute: share(threeAxes.sampled, 1e-5), relative: 0, because });
  });
});
