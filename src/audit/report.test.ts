import { describe, expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { one } from "../nn/parameter.ts";
import { paddingKinds } from "./kind.ts";
import { columnOf, type Finding, reportOf } from "./report.ts";
import { fittedWeights } from "./weight.ts";

const none = {
  "action-dims": 0,
  "action-steps": 0,
  "state-dims": 0,
  history: 0,
  views: 0,
  "prompt-tokens": 0,
  "response-tokens": 0,
  "metadata-tokens": 0,
  subgoals: 0,
  "action-tokens": 0,
  "robotless-samples": 0,
  "filler-rows": 0,
};
const finding = (change: Partial<Finding>): Finding => ({
  law: "poison",
  kind: "views",
  column: "loss",
  leak: 1,
  where: "a.ts: x",
  isServed: false,
  ...change,
});

describe("a report", () => {
  it("is clean without findings, and absent where a kind has no cell", () => {
    const report = reportOf([], { ...none, views: 3 });
    expect(report).toMatchObject({
      clean: true,
      laws: { poison: "clean", padding: "clean", split: "clean", order: "clean", horizon: "clean" },
    });
    expect(report.rows.map(({ padding }) => padding)).toEqual([...paddingKinds]);
    expect(report.rows.find(({ padding }) => padding === "views")).toEqual({
      padding: "views",
      cells: 3,
      loss: "clean",
      gradients: "clean",
      actions: "clean",
      metrics: "clean",
      hint: "known",
    });
    expect(report.rows[0]).toMatchObject({ cells: 0, loss: "absent", metrics: "absent" });
  });

  it("tells the largest leak of each kind into each output, and of each law", () => {
    const findings = [
      finding({}),
      finding({ leak: 5, where: "b.ts: y" }),
      finding({ column: "actions", law: "padding" }),
      finding({ kind: "history", leak: 9 }),
      finding({ kind: null, law: "order", leak: 2 }),
    ];
    const report = reportOf(findings, { ...none, views: 3, history: 1 });
    expect(report.clean).toBe(false);
    expect(report.laws).toEqual({
      poison: { leak: 9, where: "a.ts: x", isServed: false },
      padding: { leak: 1, where: "a.ts: x", isServed: false },
      split: "clean",
      order: { leak: 2, where: "a.ts: x", isServed: false },
      horizon: "clean",
    });
    expect(report.rows.find(({ padding }) => padding === "views")).toMatchObject({
      loss: { leak: 5, where: "b.ts: y", isServed: false },
      gradients: "clean",
      actions: { leak: 1 },
    });
  });

  it("sorts outputs into its columns", () => {
    expect(
      ["loss", "loss.weights.a", "gradient.a.b", "sampled actions", "metric.a / b", "cells.a"].map(columnOf),
    ).toEqual(["loss", "loss", "gradients", "actions", "metrics", "metrics"]);
  });
});

it("weights of a wider policy keep the cells that the narrow one has", () => {
  const own = new HostArray("e d", [2, 2], "float32", Float32Array.of(1, 2, 3, 4));
  const form = { name: "w", axes: "e d", shape: [3, 3], initial: one };
  const { cells } = fittedWeights(new Map([["w", own]]), [form]).get("w")!;
  expect([cells[0], cells[1], cells[3], cells[4]]).toEqual([1, 2, 3, 4]);
  expect([2, 5, 6, 7, 8].every((at) => cells[at] !== 0)).toBe(true);
  expect(() => fittedWeights(new Map(), [form])).toThrow('expected weights of "w", got none');
});
