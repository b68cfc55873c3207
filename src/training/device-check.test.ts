import { describe, expect, test } from "vitest";
import { type Arrays, zerosOfShape } from "../graph/host-array.ts";
import { isOpenvinoThere } from "../graph/testing/openvino.ts";
import { initialValues } from "../nn/parameter.ts";
import { Rules } from "../validity/rules.ts";
import { checkDevice } from "./device-check.ts";
import { GradientProgram, type GradientProgramOptions } from "./global-gradient.ts";
import { microSetting } from "./testing/micro-policy.ts";

const layout = {
  rows: 2,
  steps: 4,
  actionWidth: 3,
  stateWidth: 2,
  views: 0,
  observations: 1,
  tokens: 4,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 16,
};
const optionsOf = (rules: Rules): GradientProgramOptions => ({
  setting: microSetting({ head: "flow", layout, rules, claw: 0 }),
  trains: () => true,
  frozen: new Map(),
  recompute: "nothing",
  machine: { device: "cpu", threads: 1 },
});

/** Numbers between −1 and 1 in every array of floats, zeros as tokens, and of what may exist every other cell. */
function feedsOf({ program }: GradientProgram): Arrays {
  return new Map(
    program.inputs.map((value) => {
      const array = zerosOfShape(value);
      for (let at = 0; at < array.cells.length; at++) {
        if (array.type === "float32") array.cells[at] = Math.sin(1 + at);
        if (array.type === "bool") array.cells[at] = at % 2;
      }
      return [value.name, array] as const;
    }),
  );
}

/** The same with weights as training begins with: of some as large as 1 attention takes one key alone, and rounding decides which. */
function feedsAtFirst(own: GradientProgram): Arrays {
  return new Map([...feedsOf(own), ...initialValues(own.objectives.parameters, 0)]);
}

test("a device that computes the CPU's gradients is believed", async () => {
  const options = optionsOf(Rules.all);
  const own = await GradientProgram.compile(options);
  await checkDevice(own, options, feedsOf(own));
  own.release();
});

test("one that computes others is refused, with the outputs that differ", async () => {
  // A program whose actions are not masked at the input stands in for a device that computes wrong.
  const own = await GradientProgram.compile(optionsOf(Rules.without("input-side")));
  await expect(checkDevice(own, optionsOf(Rules.all), feedsOf(own))).rejects.toThrow(
    /^--device cpu: expected the gradient that the CPU computes in float32, within 0.001 of its largest cell, got \d+ of \d+ outputs that differ \(.* by .*\); each operator alone is computed as on the CPU: take --device cpu$/,
  );
  own.release();
});

describe.skipIf(!isOpenvinoThere())("products in bf16", () => {
  const inBfloat16 = (rules: Rules): GradientProgramOptions => ({
    ...optionsOf(rules),
    machine: { device: "cpu", threads: 1, precision: "bf16" },
  });

  test("are believed as far as they round", async () => {
    const options = inBfloat16(Rules.all);
    const own = await GradientProgram.compile(options);
    await checkDevice(own, options, feedsAtFirst(own));
    own.release();
  });

  test("are refused where the gradient is another, with the outputs that differ", async () => {
    const own = await GradientProgram.compile(inBfloat16(Rules.without("input-side")));
    await expect(checkDevice(own, inBfloat16(Rules.all), feedsAtFirst(own))).rejects.toThrow(
      /^--precision bf16: expected the gradient that the CPU computes in float32, within 0.25 of its length, got \d+ of \d+ outputs that differ \(.*\); each operator alone is computed as on the CPU: take --precision float32$/,
    );
    own.release();
  });
});
