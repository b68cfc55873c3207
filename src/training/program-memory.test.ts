import { describe, expect, it } from "vitest";
import type { BatchLayout } from "../batch/layout.ts";
import { microLayout } from "../batch/testing/micro-layout.ts";
import { GraphLowering } from "../graph/lowering.ts";
import { encodeModel, type OnnxNode } from "../graph/onnx.ts";
import { formsIn } from "../graph/onnx-form.ts";
import type { AnyArray } from "../graph/operation.ts";
import { openSession } from "../graph/runtime/session.ts";
import { errorOutputs, gradientOutputs, traceObjectives } from "../objective/objective.ts";
import { type VariantName, variantNames, variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { testForm } from "./testing/micro-policy.ts";

/** With room for all that a policy may read or say. */
const layout: BatchLayout = { ...microLayout, actionTokens: 5, metadataTokens: 4, subgoals: 2 };

const setting = { layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" } as const;

function graphsOf(variant: VariantName): Record<string, Readonly<Record<string, AnyArray>>> {
  const form = { ...testForm(variants[variant], "micro", layout, 0), actionVocabulary: 7 };
  const whole = traceObjectives({ form, ...setting });
  const trains = (name: string) => !/^(vision|backbone)\./.test(name);
  const expert = traceObjectives({ form, ...setting, trains });
  const own = expert.parameters.filter(({ name }) => trains(name));
  return {
    gradient: gradientOutputs(whole, whole.parameters, "nothing"),
    "gradient of layers computed twice": gradientOutputs(whole, whole.parameters, "blocks"),
    "gradient of the expert": gradientOutputs(expert, own, "nothing"),
    errors: errorOutputs(whole),
  };
}

describe.each(variantNames)("of every array of %s", (variant) => {
  it("type and shape are what the runtime finds, of all its gradients and of its errors", () => {
    for (const [which, outputs] of Object.entries(graphsOf(variant))) {
      const graph = new GraphLowering(new Map()).graph(new Map(Object.entries(outputs)));
      const constants = new Set(graph.initializers.map(({ name }) => name));
      // Where a cut begins at a place that is computed, the runtime is told its shape by the next node, which is held here.
      const isStatic = ({ operator, inputs }: OnnxNode) => operator !== "Slice" || constants.has(inputs[1]!);
      const all = graph.nodes
        .filter(isStatic)
        .flatMap((node) => node.outputs)
        .filter((name) => name !== "");
      const model = encodeModel({ ...graph, outputs: all.map((name) => ({ name })) });
      const session = openSession(model, { device: "cpu", threads: 1 });
      const found = session.outputs.map(({ name, type, shape }) => [name, type, shape]);
      session.release();
      const forms = formsIn(graph);
      expect(found, which).toHaveLength(all.length);
      expect(
        all.map((name) => [name, forms.get(name)?.type, forms.get(name)?.shape]),
        which,
      ).toEqual(found);
    }
  });
});
