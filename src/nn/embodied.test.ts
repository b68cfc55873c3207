import { expect, it } from "vitest";
import { constant, input } from "../graph/array.ts";
import { gradient } from "../graph/gradient.ts";
import { sum } from "../graph/op/align.ts";
import { expectClose } from "../graph/testing/close.ts";
import { evaluate, floats, integers, named, plainly } from "../graph/testing/evaluate.ts";
import { Rules } from "../validity/rules.ts";
import { embodiedLinear } from "./embodied.ts";
import { Scope } from "./parameter.ts";

const exact = { absolute: 0, relative: 0, because: "small integers" };
const index = constant(integers("b", [3], [1, 0, 1]));

it("each row goes through the weights of its own embodiment, and teaches those alone", async () => {
  const scope = Scope.root(Rules.all);
  const x = input("x", "b n e", [3, 1, 2], "float32");
  const y = embodiedLinear(scope, x, { index, sets: 3 }, { width: 2, initial: "fan-in" });
  const [weight, bias] = gradient(
    sum(y, ""),
    scope.parameters.map(({ array }) => array),
  );
  const feeds = named({
    x: floats("float32", "b n e", [3, 1, 2], [1, 2, 3, 4, 5, 6]),
    weight: floats("float32", "u e j", [3, 2, 2], [1, 0, 0, 1, 10, 1, 1, 10, 7, 7, 7, 7]),
    bias: floats("float32", "u e", [3, 2], [100, 200, 0, 1, 7, 7]),
  });
  const found = await evaluate({ y, ofWeights: weight!, ofBiases: bias! }, { ...plainly, feeds });
  expectClose("y", found.y, [12, 22, 103, 204, 56, 66], exact);
  expectClose("gradient of the weights", found.ofWeights, [3, 4, 3, 4, 6, 8, 6, 8, 0, 0, 0, 0], exact);
  expectClose("gradient of the biases", found.ofBiases, [1, 1, 2, 2, 0, 0], exact);
});

it("an index past the sets stops the run", async () => {
  const x = input("x", "b n e", [3, 1, 2], "float32");
  const odd = constant(integers("b", [3], [1, 0, 3]));
  const y = embodiedLinear(Scope.root(Rules.all), x, { index: odd, sets: 3 }, { width: 2, initial: "fan-in" });
  const feeds = named({
    x: floats("float32", "b n e", [3, 1, 2], [1, 2, 3, 4, 5, 6]),
    weight: floats("float32", "u e j", [3, 2, 2], new Float32Array(12)),
    bias: floats("float32", "u e", [3, 2], new Float32Array(6)),
  });
  await expect(evaluate({ y }, { ...plainly, feeds })).rejects.toThrow("out of");
});
