import { expect, it } from "vitest";
import { observationSlots } from "./history.ts";
import { type BatchLayout, shapeIn } from "./layout.ts";

const layout: BatchLayout = {
  rows: 2,
  steps: 3,
  actionWidth: 5,
  stateWidth: 7,
  views: 11,
  observations: 13,
  tokens: 17,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 19,
};

it("each axis of a batch has its own size, pictures are square and have three colours", () => {
  expect(shapeIn(layout, "b t d")).toEqual([2, 3, 5]);
  expect(shapeIn(layout, "b o s")).toEqual([2, 13, 7]);
  expect(shapeIn(layout, "b o v h w c")).toEqual([2, 13, 11, 19, 19, 3]);
  expect(shapeIn(layout, "b n")).toEqual([2, 17]);
  expect(() => shapeIn(layout, "b e")).toThrow('shapeIn: a batch has no axis "e"');
});

it("slots of history lie frames apart at the robot's own rate, and steps of a given rate apart in seconds", () => {
  expect(observationSlots(layout, { rate: "native", interval: 4 })).toEqual({ slots: 13, interval: { frames: 4 } });
  // Two steps of a fifth of a second.
  expect(observationSlots(layout, { rate: 5, interval: 2 })).toEqual({ slots: 13, interval: { seconds: 0.4 } });
});
