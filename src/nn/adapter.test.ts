import { describe, expect, it } from "vitest";
import { input } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { expectClose } from "../graph/testing/close.ts";
import { evaluate, floats, named, plainly } from "../graph/testing/evaluate.ts";
import { Rules } from "../validity/rules.ts";
import { type Adapters, adaptedWeights, isAdapted } from "./adapter.ts";
import { linear } from "./linear.ts";
import { mergeAdapters } from "./merge-adapters.ts";
import { Scope } from "./parameter.ts";

const adapters: Adapters = { rank: 1, alpha: 2, below: ["backbone"] };
const exact = { absolute: 0, relative: 0, because: "small integers" };

describe("a map with an adapter", () => {
  const scope = Scope.root(Rules.all).withAdapters(adapters);
  const x = input("x", "b e", [1, 2], "float32");
  const y = linear(scope.in("backbone.layer.0.query"), x, {
    from: "e",
    to: "a f",
    sizes: [2, 1],
    bias: "none",
    initial: "fan-in",
  });

  it("asks for its weight first, then for the two of the adapter, the second of which begins at 0", () => {
    expect(scope.parameters.map(({ name, axes, shape, initial }) => [name, axes, shape, initial.kind])).toEqual([
      ["backbone.layer.0.query.weight", "a f e", [2, 1, 2], "normal"],
      ["adapter.backbone.layer.0.query.down.weight", "l e", [1, 2], "normal"],
      ["adapter.backbone.layer.0.query.up.weight", "a f l", [2, 1, 1], "constant"],
    ]);
  });

  const values = new Map<string, HostArray<string, "float32" | "float64">>([
    ["backbone.layer.0.query.weight", floats("float32", "a f e", [2, 1, 2], [1, 2, 3, 4])],
    ["adapter.backbone.layer.0.query.down.weight", floats("float32", "l e", [1, 2], [1, -1])],
    ["adapter.backbone.layer.0.query.up.weight", floats("float32", "a f l", [2, 1, 1], [5, 6])],
  ]);

  it("says W x + alpha / rank · up (down x)", async () => {
    const feeds = named({ x: floats("float32", "b e", [1, 2], [10, 1]), ...Object.fromEntries(values) });
    // W x = [12, 34]; down x = 9; twice [45, 54] is added.
    expectClose("y", (await evaluate({ y }, { ...plainly, feeds })).y, [102, 142], exact);
  });

  it("is a map without one when both are merged", () => {
    const float32 = new Map([...values].map(([name, { axes, shape, cells }]) => [name, array(axes, shape, cells)]));
    const merged = mergeAdapters(float32, adapters);
    expect([...merged.keys()]).toEqual(["backbone.layer.0.query.weight"]);
    expect([...merged.get("backbone.layer.0.query.weight")!.cells]).toEqual([11, -8, 15, -8]);
  });

  it("holds its weight still", () => {
    expect(adaptedWeights([...values.keys()])).toEqual(["backbone.layer.0.query.weight"]);
  });
});

it("maps of attention and feed-forward in layers have one, below the modules that are named; norms, tables and others have none", () => {
  const has = (path: string) => isAdapted({ ...adapters, below: ["backbone", "expert.layer.1"] }, path);
  for (const path of ["backbone.layer.10.mlp.gate", "expert.layer.1.out"])
    expect([path, has(path)]).toEqual([path, true]);
  for (const path of [
    "expert.layer.10.out",
    "expert.layer.0.key",
    "backbone.layer.0.norm.attention.dense",
    "backbones.layer.0.query",
    "vision.tower.layer.0.query",
    "action.in",
  ])
    expect([path, has(path)]).toEqual([path, false]);
});

function array(axes: string, shape: readonly number[], cells: ArrayLike<number>) {
  return new HostArray(axes, shape, "float32", Float32Array.from(cells));
}
