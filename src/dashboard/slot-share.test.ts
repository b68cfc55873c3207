import { expect, it } from "vitest";
import { exampleBatch } from "../batch/testing/example-batch.ts";
import type { Dof, Embodiment } from "../embodiment/embodiment.ts";
import { Validity } from "../validity/validity.ts";
import { slotMap } from "./slot-map.ts";
import { robotSlots } from "./slot-share.ts";

const layout = {
  rows: 4,
  steps: 2,
  actionWidth: 3,
  stateWidth: 2,
  views: 1,
  observations: 1,
  tokens: 2,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 2,
};

function robot(dofs: readonly string[]): Embodiment {
  const entry = { unit: "rad", part: "arm", kind: "continuous" } as const;
  return {
    robotType: "toy",
    controlMode: "joint",
    cameras: [],
    target: "actions",
    dofs: dofs.map((name, slot): Dof => ({ ...entry, name, slot, state: null })),
    states: [{ ...entry, name: "angle", slot: 1 }],
    columns: { action: [], state: [], prompt: { kind: "task" } },
  };
}

/** Row 0 of a robot of one dof that ends after a step, row 1 of the same, whole; row 2 of one of three dofs; row 3 is no row. */
function batch() {
  const { facts, provenance } = exampleBatch(layout, 1);
  return {
    provenance: {
      ...provenance,
      dataset: Int32Array.of(0, 0, 1, -1),
      controlMode: Int32Array.of(0, 0, 0, -1),
    },
    facts: {
      ...facts,
      stepReal: Validity.of("b t", [4, 2], Uint8Array.of(1, 0, 1, 1, 1, 1, 0, 0)),
      dofReal: Validity.of("b d", [4, 3], Uint8Array.of(1, 0, 0, 1, 0, 0, 1, 1, 1, 0, 0, 0)),
      stateReal: Validity.of("b s", [4, 2], Uint8Array.of(0, 1, 0, 1, 0, 1, 0, 0)),
      rowReal: Validity.of("b", [4], Uint8Array.of(1, 1, 1, 0)),
    },
  };
}

const members = [
  { dataset: 0, controlMode: 0, datasetName: "narrow", embodiment: robot(["only"]) },
  { dataset: 1, controlMode: 0, datasetName: "wide", embodiment: robot(["one", "two", "three"]) },
  { dataset: 2, controlMode: 0, datasetName: "absent", embodiment: robot([]) },
];

it("says in what share of a robot's own rows each cell exists", () => {
  const found = robotSlots(batch(), members);
  expect(found.map(({ dataset, rows }) => [dataset, rows])).toEqual([
    ["narrow", 2],
    ["wide", 1],
  ]);
  expect(found[0]?.actions).toEqual([
    { name: "only", real: [1, 0.5] },
    { name: null, real: [0, 0] },
    { name: null, real: [0, 0] },
  ]);
  expect(found[1]?.actions.map(({ real }) => real)).toEqual([
    [1, 1],
    [1, 1],
    [1, 1],
  ]);
  expect(found[0]?.states).toEqual([
    { name: null, real: 0 },
    { name: "angle", real: 1 },
  ]);
});

it("draws a cell for each slot and step, and says what it is", () => {
  const [narrow] = robotSlots(batch(), members);
  const said = [...slotMap(narrow!).matchAll(/<title>([^<]+)<\/title>/g)].map((match) => match[1]);
  expect(said).toHaveLength(3 * 2 + 2);
  expect(said.slice(0, 3)).toEqual([
    "only, step 0: real in 100 % of the rows",
    "only, step 1: real in 50 % of the rows",
    "nothing, step 0: padding",
  ]);
});
