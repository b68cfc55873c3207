import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { foreignTensors } from "../../src/checkpoint/import/names.ts";
import { input } from "../../src/graph/array.ts";
import { expectClose } from "../../src/graph/testing/close.ts";
import { evaluate } from "../../src/graph/testing/evaluate.ts";
import { Scope } from "../../src/nn/parameter.ts";
import { flowInputs, velocityName } from "../../src/objective/flow.ts";
import { errorOutputs, gradientOutputs, gradientPrefix, traceObjectives } from "../../src/objective/objective.ts";
import { tokensName } from "../../src/objective/token-error.ts";
import { errorsOutput } from "../../src/objective/traced.ts";
import { observationInputs } from "../../src/policy/inputs.ts";
import { perceive, velocity } from "../../src/policy/policy.ts";
import { variants } from "../../src/policy/variant.ts";
import { formulaIds } from "./formula.ts";
import { batch, type Kind, layoutOf, namesOf, reference, settingOf, turned, weightsOf } from "./pi07-case.ts";
import { expectGradient, gradientSchema, parametersSchema } from "./reference.ts";
import { columns, saidActions } from "./said-actions.ts";

const numbers = z.array(z.number());
const results = z.object({
  mse: z.number(),
  ce: z.number(),
  velocity: numbers,
  said: numbers,
  parameters: parametersSchema,
  gradients: z.record(z.string(), gradientSchema),
});
const file = z.object({ vocabulary: z.number(), saidReal: z.array(numbers), gemma: results, paligemma: results });
const fast = file.parse(JSON.parse(readFileSync(new URL("pi07-fast.json", import.meta.url), "utf8")));

const rowOf = { gemma: variants.pi07_low_level_fast, paligemma: variants.pi07_paligemma_low_level_fast } as const;
const given = reference.texts["Action: "] ?? [];
const most = fast.saidReal[0]!.length;
const said = { vocabulary: fast.vocabulary, tokens: given.length + most };
const setting = (kind: Kind) => settingOf(kind, rowOf[kind], said);

const share = (cells: readonly number[], part: number) => part * Math.max(...cells.map(Math.abs));
const because = "float32 through the layers there and here";

describe.each([
  ["gemma", "told"],
  ["paligemma", "mixed"],
] as const)(
  "π0.7's low level on %s that says actions beside its flow is OpenTau's, of samples that are %s",
  (kind, of) => {
    const expected = fast[kind];
    // No token is 0, whose row their table never learns.
    const tokens = Array.from(formulaIds("pi07/said", 3 * most, fast.vocabulary - 1), (id) => 1 + id);
    const feeds = new Map([...batch(kind, of), ...saidActions({ given, tokens, real: fast.saidReal })]);

    it("in velocities", async () => {
      const { form, rules } = setting(kind);
      const scope = Scope.root(rules);
      const perceived = perceive(scope, form, observationInputs(layoutOf(kind), rules, "uint8"));
      const got = velocity(scope, form, perceived, {
        noisy: input("noisy", "b t d", [3, 4, 6], "float32"),
        timeEmbedding: input(flowInputs.timeEmbedding, "b t e", [3, 4, reference[kind].sizes.expert.width], "float32"),
      });
      const fixed = weightsOf(namesOf[kind], scope.parameters, expected.parameters);
      const found = await evaluate({ got }, { feeds, threads: 2, fixed });
      const tolerance = { absolute: share(expected.velocity, 3e-6), relative: 0, because };
      expectClose("velocity", found.got, expected.velocity, tolerance);
    });

    it("in the errors of the flow and of each token, and in the gradient of every parameter", async () => {
      const objectives = traceObjectives(setting(kind));
      const { loss, errors, parameters } = objectives;
      // By cell, in the place of the sums that the gradient program has by the same names.
      const outputs = { ...gradientOutputs(objectives, parameters, "nothing"), loss, ...errorOutputs({ errors }) };
      const fixed = weightsOf(namesOf[kind], parameters, expected.parameters);
      const found: Record<string, Float64Array> = await evaluate(outputs, { feeds, threads: 2, fixed });
      const tolerance = { absolute: 3e-6, relative: 2e-6, because };
      const own = found[errorsOutput(tokensName)]!;
      expectClose("actions", columns(own, 3, given.length - 1, said.tokens - 1), expected.said, tolerance);
      const squares = found[errorsOutput(velocityName)]!;
      expectClose("MSE", [squares.reduce((sum, cell) => sum + cell, 0) / squares.length], [expected.mse], tolerance);
      expectClose("loss", found.loss!, [expected.mse + expected.ce], tolerance);
      const tensors = foreignTensors(namesOf[kind], parameters);
      expect(tensors.map(({ name }) => name).sort()).toEqual(Object.keys(expected.gradients).sort());
      for (const [at, { name, parameter, shape, axes }] of tensors.entries()) {
        const ours = found[`${gradientPrefix}${parameter}`]!;
        const theirs = axes === parameters[at]!.axes ? ours : turned(ours, shape);
        expectGradient(name, theirs, expected.gradients[name]!, 2e-5);
      }
    });
  },
);
