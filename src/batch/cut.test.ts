import { expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { cutToRobot, laidInSlots } from "./cut.ts";
import type { BatchLayout } from "./layout.ts";
import { exampleBatch } from "./testing/example-batch.ts";

const layout: BatchLayout = {
  rows: 2,
  steps: 3,
  actionWidth: 4,
  stateWidth: 2,
  views: 1,
  observations: 1,
  tokens: 2,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 2,
};

it("a row comes out at the robot's own width, in its own order, wherever its slots are", () => {
  const actions = exampleBatch(layout, 1).actions.read((values) => values);
  const own = cutToRobot(actions, 1, [3, 0]);
  expect(own.shape).toEqual([3, 2]);
  for (const step of [0, 1, 2]) {
    expect(own.cells[2 * step]).toBe(actions.cells[12 + 4 * step + 3]);
    expect(own.cells[2 * step + 1]).toBe(actions.cells[12 + 4 * step]);
  }
});

it("a slot that the policy does not have is refused", () => {
  const actions = exampleBatch(layout, 1).actions.read((values) => values);
  expect(() => cutToRobot(actions, 0, [4])).toThrow("cutToRobot: expected row 0 of 2 and slots below 4, got slot 4");
  expect(() => cutToRobot(actions, 2, [0])).toThrow("cutToRobot: expected row 2 of 2");
  expect(() => cutToRobot(actions, 0, [0, -1])).toThrow("got slot -1");
  expect(() => cutToRobot(actions, -1, [0])).toThrow("cutToRobot: expected row -1 of 2");
});

it("a robot's own actions go back into its slots, and 0 into the others", () => {
  const own = new HostArray("t d", [2, 2], "float32", Float32Array.of(1, 2, 3, 4));
  const laid = laidInSlots(own, [3, 0], 4);
  expect([laid.shape, [...laid.cells]]).toEqual([
    [2, 4],
    [2, 0, 0, 1, 4, 0, 0, 3],
  ]);
});
