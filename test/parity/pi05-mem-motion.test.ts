import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { foreignTensors } from "../../src/checkpoint/import/names.ts";
import { expectClose } from "../../src/graph/testing/close.ts";
import { evaluate } from "../../src/graph/testing/evaluate.ts";
import { gradientOutputs, gradientPrefix, traceObjectives } from "../../src/objective/objective.ts";
import { variants } from "../../src/policy/variant.ts";
import { batch, names, reference, settingOf, traced, weightsOf } from "./pi05-mem-case.ts";
import { expectGradient, gradientSchema, parametersSchema } from "./reference.ts";

const numbers = z.array(z.number());
const results = z.object({ loss: z.number(), velocity: numbers, gradients: z.record(z.string(), gradientSchema) });
const [whole, width] = [z.number().int(), z.number()];
const file = z.object({
  motion: z.object({ after: whole, slots: whole, side: whole, width, extracted: width, fused: width }),
  parameters: parametersSchema,
  whole: results,
  some: results,
});
const moving = file.parse(JSON.parse(readFileSync(new URL("pi05-mem-motion.json", import.meta.url), "utf8")));

const { sizes, facts } = reference;
const setting = settingOf(variants.pi05_mem_motion, {
  ...sizes,
  vision: { ...sizes.vision, motion: moving.motion },
});
const all = facts.historyReal.map((slots) => slots.map(() => 1));

describe.each([
  ["that have all of their history", all, moving.whole],
  ["of which some lack some of it", facts.historyReal, moving.some],
] as const)("π0.5 with memory that sees motion is OpenTau's, on samples %s", (_, historyReal, expected) => {
  const feeds = batch(historyReal);

  it("in velocities", async () => {
    const { found, fixed } = traced(setting, moving.parameters);
    const { got } = await evaluate({ got: found }, { feeds, threads: 2, fixed });
    const absolute = 3e-6 * Math.max(...expected.velocity.map(Math.abs));
    expectClose("velocity", got, expected.velocity, { absolute, relative: 0, because: "float32 through ten layers" });
  });

  it("in the loss and in the gradient of every parameter", async () => {
    const objectives = traceObjectives(setting);
    const { loss, parameters } = objectives;
    const outputs = { ...gradientOutputs(objectives, parameters, "nothing"), loss };
    const fixed = weightsOf(parameters, moving.parameters);
    const found: Record<string, Float64Array> = await evaluate(outputs, { feeds, threads: 2, fixed });
    const because = "float32 sum of 72 cells";
    expectClose("loss", found.loss!, [expected.loss], { absolute: 0, relative: 2e-6, because });
    const tensors = foreignTensors(names, parameters);
    expect(tensors.map(({ name }) => name).sort()).toEqual(Object.keys(expected.gradients).sort());
    for (const { name, parameter } of tensors)
      expectGradient(name, found[`${gradientPrefix}${parameter}`]!, expected.gradients[name]!, 2e-5);
  });
});
