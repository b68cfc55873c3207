import { expect, it } from "vitest";
import type { ActionError } from "../metric/action-error.ts";
import { actionErrorTable } from "./action-error-table.ts";

const error = (dataset: string, dof: string, unit: string, meanAbsoluteError: number | null): ActionError => ({
  dataset,
  controlMode: "joint",
  dof,
  unit,
  samples: 3,
  steps: 40,
  unsaidSteps: dataset === "mute" ? 8 : 0,
  meanAbsoluteError,
});

it("errors of actions are two lines for each dataset and unit: the mean over its dofs, and the three worst", () => {
  const text = actionErrorTable([
    error("arm", "waist", "rad", 0.25),
    error("arm", "elbow", "rad", 0.5),
    error("arm", "wrist", "rad", 0.125),
    error("arm", "roll", "rad", 0.125),
    error("arm", "grip", "m", 0.0301),
    error("cart", "x", "m", null),
  ]);
  expect(text.join("\n")).toBe(
    [
      "",
      "sampled actions: mean absolute error over real steps",
      "dataset  control mode  samples  dofs  mean error  unit",
      "───────  ────────────  ───────  ────  ──────────  ────",
      "arm      joint               3     4        0.25  rad",
      "  worst: elbow 0.5, waist 0.25, wrist 0.125",
      "arm      joint               3     1      0.0301  m",
      "  worst: grip 0.0301",
      "cart     joint               3     1     no data  m",
      "  worst: x no data",
    ].join("\n"),
  );
});

it("what a policy did not say is counted behind the errors, once for each dataset", () => {
  const text = actionErrorTable([
    error("mute", "waist", "rad", 0.25),
    error("mute", "grip", "m", 0.5),
    error("arm", "waist", "rad", 1),
  ]);
  expect(text.slice(-2)).toEqual([
    "  worst: waist 1",
    "mute, joint: answers said 40 of 48 steps; the errors are of those alone",
  ]);
});

it("nothing is printed where no action was sampled", () => {
  expect(actionErrorTable([])).toEqual([]);
});
