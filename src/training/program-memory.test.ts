import { describe, expect, it } from "vitest";
import { GraphLowering } from "../graph/lowering.ts";
import { encodeModel } from "../graph/onnx.ts";
import { formsIn } from "../graph/onnx-form.ts";
import { openSession } from "../graph/runtime/session.ts";
import { gradientOutputs, traceObjectives } from "../objective/objective.ts";
import { variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { testForm } from "./testing/micro-policy.ts";

const layout = {
  rows: 2,
  steps: 5,
  actionWidth: 6,
  stateWidth: 5,
  views: 2,
  observations: 1,
  tokens: 6,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 16,
};

describe.each(["pi0", "pi05", "smolvla", "groot_n16"] as const)("of every array of a gradient of %s", (variant) => {
  it("type and shape are what the runtime finds", () => {
    const rules = { unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" } as const;
    const traced = traceObjectives({ form: testForm(variants[variant], "micro", layout, 0), layout, ...rules });
    const outputs = gradientOutputs(traced, traced.parameters, "nothing");
    const graph = new GraphLowering(new Map()).graph(new Map(Object.entries(outputs)));
    const all = graph.nodes.flatMap((node) => node.outputs).filter((name) => name !== "");
    const session = openSession(encodeModel({ ...graph, outputs: all.map((name) => ({ name })) }), {
      device: "cpu",
      threads: 1,
    });
    const found = session.outputs.map(({ name, type, shape }) => [name, type, shape]);
    session.release();
    const forms = formsIn(graph);
    expect(found).toHaveLength(all.length);
    expect(all.map((name) => [name, forms.get(name)?.type, forms.get(name)?.shape])).toEqual(found);
  });
});
