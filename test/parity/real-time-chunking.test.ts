import { readFileSync } from "node:fs";
import { it } from "vitest";
import { z } from "zod";
import type { BatchLayout } from "../../src/batch/layout.ts";
import { guidanceGradients } from "../../src/flow/guidance.ts";
import { integrate } from "../../src/flow/integrate.ts";
import type { FlowInput } from "../../src/flow/path.ts";
import { constant } from "../../src/graph/array.ts";
import { HostArray } from "../../src/graph/host-array.ts";
import { alignTo, sum } from "../../src/graph/op/align.ts";
import { einsum } from "../../src/graph/op/einsum.ts";
import { add, multiply, scale, tanh } from "../../src/graph/op/elementwise.ts";
import { slice } from "../../src/graph/op/shape.ts";
import { expectClose } from "../../src/graph/testing/close.ts";
import { evaluate, plainly } from "../../src/graph/testing/evaluate.ts";
import { type Chunking, carriedFeeds, chunkInputs, guidanceSchedules } from "../../src/objective/chunking.ts";
import { Rules } from "../../src/validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../../src/validity/symbolic.ts";
import { formulaValues } from "./formula.ts";

const numbers = z.array(z.number());
const one = z.object({
  schedule: z.enum(guidanceSchedules),
  delay: z.number(),
  left: z.number(),
  horizon: z.number(),
  weights: numbers,
  "first term": numbers,
  whole: numbers,
});
const file = z.object({ greatestWeight: z.number(), cases: z.array(one) });
const reference = file.parse(JSON.parse(readFileSync(new URL("real-time-chunking.json", import.meta.url), "utf8")));

const [rows, steps, dofs, width, euler] = [2, 8, 3, 5, 5];
const made = (name: string, count: number, size: number) => formulaValues(`real-time-chunking/${name}`, count, size, 0);
const [into, out] = [
  constant(new HostArray("d e", [dofs, width], "float32", made("in", dofs * width, 0.8))),
  constant(new HostArray("e d", [width, dofs], "float32", made("out", width * dofs, 0.8))),
];

/** `tanh((x + mean over steps) W) V + cos(π t / 2) x`; the last number of the embedded time is that cosine. */
function velocity({ noisy, timeEmbedding }: FlowInput) {
  const mean = scale(sum(noisy, "b d"), 1 / steps);
  const seen = add(noisy, alignTo(mean, noisy));
  const inner = tanh(einsum("b t d, d e -> b t e", seen, into));
  const cosine = sum(slice(timeEmbedding, "e", 3, 4), "b t");
  return add(einsum("b t e, e d -> b t d", inner, out), multiply(alignTo(cosine, noisy), noisy));
}

const layout: BatchLayout = {
  rows,
  steps,
  actionWidth: dofs,
  stateWidth: 1,
  views: 0,
  observations: 1,
  tokens: 1,
  actionTokens: 0,
  pictureSize: 16,
};

/** What the program is fed of the chunk before, of which so many steps are left. */
function feedsOf(chunking: Chunking, { delay, left }: { readonly delay: number; readonly left: number }) {
  const whole = made("before", rows * steps * dofs, 1);
  const chunks = Array.from({ length: rows }, (_, row) => {
    const cells = whole.slice(row * steps * dofs, (row * steps + left) * dofs);
    return { actions: new HostArray("t d", [left, dofs], "float32", cells), delay };
  });
  return new Map(carriedFeeds(chunking, layout, chunks));
}

it.each(reference.cases)("chunks are LeRobot's: $schedule, delay $delay, $horizon of $left steps", async (given) => {
  const complete = SymbolicValidity.complete("b t d", [rows, steps, dofs]);
  const noise = new HostArray("b t d", [rows, steps, dofs], "float32", made("noise", rows * steps * dofs, 1.5));
  const { schedule, horizon } = given;
  const { greatestWeight } = reference;
  const outputs = guidanceGradients.map((gradient) => {
    const chunking = { kind: "guided", schedule, horizon, greatestWeight, gradient } as const;
    const feeds = feedsOf(chunking, given);
    const held = new HostArray("b t", [rows, steps], "float32", feeds.get(chunkInputs.held)!.cells);
    expectClose("weights", held.cells, [...given.weights, ...given.weights], {
      relative: 1e-6,
      absolute: 1e-7,
      because: "float32",
    });
    const before = new HostArray("b t d", [rows, steps, dofs], "float32", feeds.get(chunkInputs.before)!.cells);
    const actions = integrate(SymbolicPadded.of(constant(noise), complete), velocity, {
      steps: euler,
      embedding: { kind: "continuous", width: 4 },
      timeDirection: "noise-at-one",
      unrealInput: "zero",
      rules: Rules.all,
      carried: {
        kind: "guided",
        actions: SymbolicPadded.of(constant(before), complete),
        held: constant(held),
        greatestWeight,
        gradient,
      },
    });
    return [gradient, actions] as const;
  });
  const found = await evaluate(Object.fromEntries(outputs), plainly);
  for (const gradient of guidanceGradients)
    expectClose(gradient, found[gradient]!, given[gradient], {
      relative: 1e-5,
      absolute: 1e-5,
      because: "five Euler steps in float32",
    });
});
