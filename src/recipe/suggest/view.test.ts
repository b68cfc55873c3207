import { expect, it } from "vitest";
import { matchViews } from "./view.ts";

const shown = (datasets: Readonly<Record<string, readonly string[]>>) =>
  matchViews(Object.entries(datasets).map(([name, cameras]) => ({ name, cameras, names: new Map() }))).map(
    ({ view, keys }) => [view, Object.fromEntries(keys)],
  );

it("the one outside camera of each robot is one view, a robot without a camera has none", () => {
  expect(shown({ gr1: ["observation.images.ego_view"], g1: ["observation.images.cam_high"], pusht: [] })).toEqual([
    ["base", { gr1: "observation.images.ego_view", g1: "observation.images.cam_high" }],
  ]);
});

it("a view is called as its cameras are where they are called one thing", () => {
  expect(shown({ a: ["images.top"], b: ["other.top"] })).toEqual([["top", { a: "images.top", b: "other.top" }]]);
});

it("cameras of one name share a view, whatever stands before them in their dataset", () => {
  expect(shown({ a: ["top", "front"], b: ["front", "side"] })).toEqual([
    ["front", { a: "front", b: "front" }],
    ["base_2", { a: "top", b: "side" }],
  ]);
});

it("wrists go with wrists of their side, and the only wrist of an arm with left ones", () => {
  const datasets = { one: ["wrist_image", "image"], two: ["cam_high", "cam_right_wrist", "cam_left_wrist"] };
  const views = matchViews(Object.entries(datasets).map(([name, cameras]) => ({ name, cameras, names: new Map() })));
  expect(views.map(({ view, isAtWrist, keys }) => [view, isAtWrist, Object.fromEntries(keys)])).toEqual([
    ["base", false, { one: "image", two: "cam_high" }],
    ["left_wrist", true, { one: "wrist_image", two: "cam_left_wrist" }],
    ["cam_right_wrist", true, { two: "cam_right_wrist" }],
  ]);
});

it("two cameras of one dataset are two views, also where the last parts of their keys are alike", () => {
  expect(shown({ a: ["left.image", "right.image"] })).toEqual([
    ["image", { a: "left.image" }],
    ["base_2", { a: "right.image" }],
  ]);
});
