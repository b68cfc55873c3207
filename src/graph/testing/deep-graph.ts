import { input, type SymbolicArray } from "../array.ts";
import { gradient } from "../gradient.ts";
import { type HostArray, zeros } from "../host-array.ts";
import { geluTanh } from "../op/activation.ts";
import { sum } from "../op/align.ts";
import { einsum } from "../op/einsum.ts";
import { add, multiply, scale, sin, tanh } from "../op/elementwise.ts";
import { Program } from "../program.ts";
import { stream } from "../random.ts";
import { rematerialize } from "../rematerialize.ts";
import { runProgram } from "./evaluate.ts";

/** What happens to the inside of a block between the forward and the backward pass. */
export type Keeping = "kept" | "recomputed";

const [rows, columns, blocks] = [512, 1024, 16];

/** A loss behind many blocks whose insides are six times their inputs, and its gradients. */
export function deepGraph(keeping: Keeping) {
  const x = input("x", "b n", [rows, columns], "float32");
  const weight = input("weight", "n j", [columns, 64], "float32");
  const block = (from: SymbolicArray<"b n">) => {
    const wide = geluTanh(multiply(sin(from), tanh(scale(from, 0.5))));
    const narrow = einsum("b n, n j -> b j", wide, weight);
    return add(from, multiply(wide, einsum("b j, n j -> b n", narrow, weight)));
  };
  let through: SymbolicArray<"b n"> = x;
  for (let at = 0; at < blocks; at++) {
    const from = through;
    through = keeping === "kept" ? block(from) : rematerialize(() => block(from));
  }
  const loss = sum(scale(through, 1 / columns), "");
  const [ofX, ofWeight] = gradient(loss, [x, weight]);
  return { loss, ofX: ofX!, ofWeight: ofWeight! };
}

/** Its inputs. */
export function deepFeeds(): Map<string, HostArray<string, "float32">> {
  const x = zeros("b n", [rows, columns], "float32");
  const weight = zeros("n j", [columns, 64], "float32");
  stream(0, "deep graph", "x").fillNormal(x.cells, 0, 0, 0);
  stream(0, "deep graph", "weight").fillNormal(weight.cells, 0, 0, 0);
  weight.cells.forEach((cell, at) => {
    weight.cells[at] = cell / 100;
  });
  return new Map<string, HostArray<string, "float32">>([
    ["x", x],
    ["weight", weight],
  ]);
}

// As a program of its own it prints how many megabytes one run adds to the peak of the process.
if (import.meta.main) {
  const outputs = deepGraph(process.argv[2] === "kept" ? "kept" : "recomputed");
  const program = await Program.compile(outputs, { device: "cpu", threads: 1, fixed: new Map() });
  const feeds = deepFeeds();
  const before = process.memoryUsage.rss();
  let peak = before;
  // The run is on another thread. The process's own record of its peak would begin with that of its parent.
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 1);
  await runProgram(program, feeds);
  clearInterval(watch);
  process.stdout.write(`${(peak - before) / 2 ** 20}\n`);
}
