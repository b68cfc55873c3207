import { expect, it } from "vitest";
import type { EpisodeTable } from "../dataset/dataset.ts";
import { HostArray } from "../graph/host-array.ts";
import type { ColumnPart, Embodiment } from "./embodiment.ts";
import { trajectory } from "./window.ts";

/** Three frames of a column of two entries and one of three: the tens say the column's entry, the ones the frame. */
const columns: Readonly<Record<string, readonly number[][]>> = {
  arm: [
    [10, 20],
    [11, 21],
    [12, 22],
  ],
  hand: [
    [30, 40, 50],
    [31, 41, 51],
    [32, 42, 52],
  ],
};
const table: EpisodeTable = {
  length: 3,
  values: new Map(),
  tasks: [null, null, null],
  text: () => [],
  vector: (key) => {
    const rows = columns[key]!;
    return new HostArray("i j", [3, rows[0]!.length], "float64", Float64Array.from(rows.flat()));
  },
};

function actionsOf(...action: readonly ColumnPart[]) {
  const embodiment: Embodiment = {
    robotType: "toy",
    controlMode: "joint",
    dofs: [],
    states: [],
    cameras: [],
    columns: { action, state: [{ key: "hand", entries: [2] }], prompt: { kind: "task" } },
    target: "actions",
  };
  const { actions, states } = trajectory(table, embodiment, 10);
  expect([states.shape, [...states.cells]]).toEqual([
    [3, 1],
    [50, 51, 52],
  ]);
  return { shape: actions.shape, cells: [...actions.cells] };
}

it("a vector is a column as it stands where all of its entries are asked for in their order", () => {
  expect(actionsOf({ key: "arm", entries: [0, 1] })).toEqual({ shape: [3, 2], cells: [10, 20, 11, 21, 12, 22] });
});

it("a vector has the entries asked for, of one column or several, in the order asked for, at each frame", () => {
  expect(actionsOf({ key: "arm", entries: [1, 0] }).cells).toEqual([20, 10, 21, 11, 22, 12]);
  expect(actionsOf({ key: "hand", entries: [0, 1] })).toEqual({ shape: [3, 2], cells: [30, 40, 31, 41, 32, 42] });
  expect(actionsOf({ key: "hand", entries: [0, 2, 1] }).cells).toEqual([30, 50, 40, 31, 51, 41, 32, 52, 42]);
  const both = actionsOf({ key: "hand", entries: [2, 0] }, { key: "arm", entries: [1] });
  expect(both).toEqual({ shape: [3, 3], cells: [50, 30, 20, 51, 31, 21, 52, 32, 22] });
  const whole = actionsOf({ key: "arm", entries: [0, 1] }, { key: "hand", entries: [1] });
  expect(whole.cells).toEqual([10, 20, 40, 11, 21, 41, 12, 22, 42]);
});
